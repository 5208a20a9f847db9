#!/usr/bin/python3
"""Makes the data of the recipes languages-*: words in ten languages, as letters, from Debian's word lists.

Usage: recipes/make_languages.py FOLDER
Writes FOLDER/train.csv and FOLDER/test.csv, the same bytes for the same lists, and FOLDER/letters.txt. tools/debian-packages
languages installs the lists.

A row is a word in lower case: its letters as numbers in letters.txt, from 1 on, zeros behind them up to 16; and its language, in
the order below. Words that stand in two of the lists, or hold something else than letters, are left out. Which are taken, and
which are for the test, says the word's hash.
"""
import hashlib
import pathlib
import sys

LONGEST, SHORTEST = 16, 3
TRAINED, TESTED = 1500, 1000  # Words a language.
LANGUAGES = ('american-english', 'french', 'ngerman', 'spanish', 'italian', 'portuguese', 'dutch', 'swedish', 'danish',
             'polish')


def words(language):
    path = pathlib.Path('/usr/share/dict') / language
    if not path.exists():
        sys.exit(f'{path} is missing; install the word lists with: tools/debian-packages languages')
    lines = path.read_bytes().decode('latin-1' if language == 'swedish' else 'utf-8').splitlines()
    return {word for word in map(str.lower, lines) if word.isalpha() and SHORTEST <= len(word) <= LONGEST}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = pathlib.Path(sys.argv[1])
    lists = [words(language) for language in LANGUAGES]
    seen, shared = set(), set()
    for found in lists:
        shared |= seen & found
        seen |= found
    parts = {'train': [], 'test': []}
    for label, found in enumerate(lists):
        by_hash = sorted((hashlib.sha256(word.encode()).hexdigest(), word) for word in found - shared)
        parts['test'] += [(digest, word, label) for digest, word in by_hash[:TESTED]]
        parts['train'] += [(digest, word, label) for digest, word in by_hash[TESTED:TESTED + TRAINED]]
    letters = sorted({letter for _, word, _ in parts['train'] for letter in word})
    number = {letter: i + 1 for i, letter in enumerate(letters)}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / 'letters.txt').write_text(''.join(letters) + '\n', encoding='utf-8')
    header = ','.join(f'letter{t + 1}' for t in range(LONGEST)) + ',language\n'
    for name, rows in parts.items():
        with open(folder / f'{name}.csv', 'w', encoding='ascii') as file:
            file.write(header)
            for _, word, label in sorted(rows):
                if set(word) <= number.keys():
                    tokens = [number[letter] for letter in word] + [0] * (LONGEST - len(word))
                    file.write(','.join(map(str, tokens)) + f',{label}\n')
    print(f'{len(letters)} letters, {len(parts["train"])} words to train with, {len(parts["test"])} to test with')


if __name__ == '__main__':
    main()
