"""The page of `fallow serve`, as a person uses it in Debian's chromium.

Usage: page_test.py FALLOW [SCREENSHOTS]
  FALLOW       the command
  SCREENSHOTS  a folder for pictures of the page, to be looked at
"""

import gzip
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

IMAGES = Path("/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz")
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
PAGE = Path(__file__).resolve().parents[2] / "tools/serve/page"
CLASSES = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]
QUANTILES = ["output", "standard_deviation", "quantile_0.05", "quantile_0.95"]


def skip_without(package: str, group: str) -> None:
    print(f"skipped: {package} is missing; install it with: tools/debian-packages {group}")
    sys.exit(77)


for path, package, group in ((CHROMIUM, "chromium", "browser"), (DRIVER, "chromium-driver", "browser"),
                             (IMAGES.exists(), "dataset-fashion-mnist", "data")):
    if not path:
        skip_without(package, group)
try:
    from selenium.webdriver.common.actions.action_builder import ActionBuilder
    from selenium.webdriver.common.actions.pointer_input import PointerInput
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.remote.webelement import WebElement
except ModuleNotFoundError:
    skip_without("python3-selenium", "browser")

from browser import grey_png, png_size, save_screenshot, show_as, start_chromium, wait
from served import Served, request_of


def train(run: Path, *arguments: str) -> Path:
    subprocess.run([FALLOW, "train", "--run", str(run), "--epochs", "3", *arguments], check=True,
                   stdout=subprocess.DEVNULL)
    return run / "model.safetensors"


class PageTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.fashion = train(cls.folder / "fashion", "--data", "fashion-mnist", "--limit", "3000",
                            "--layers", "dense:64:relu,dropout:0.5,dense:10")
        numbers = random.Random(1)
        table = cls.folder / "table.csv"
        table.write_text("a,b,loss,kind\n" + "".join(
            f"{i},{numbers.random()},{-i * numbers.random()},{i % 25}\n" for i in range(200)))
        cls.table = train(cls.folder / "table", "--csv", str(table), "--target", "loss",
                          "--layers", "dense:16:relu,dropout:0.2,dense:1")
        cls.kinds = train(cls.folder / "kinds", "--csv", str(table), "--target", "kind",
                          "--layers", "dense:16:relu,dropout:0.2,dense:25")
        cls.pixels = list(gzip.decompress(IMAGES.read_bytes())[16:16 + 784])  # An ankle boot.
        cls.picture = cls.folder / "boot.png"
        cls.picture.write_bytes(grey_png(28, 28, bytes(cls.pixels)))
        cls.server = cls.serve(f"fashion={cls.fashion}", f"table={cls.table}", f"kinds={cls.kinds}")
        cls.browser = start_chromium(CHROMIUM, DRIVER)
        cls.addClassCleanup(cls.browser.quit)

    @classmethod
    def serve(cls, *arguments: str, port: int = 0) -> Served:
        server = Served(FALLOW, *arguments, port=port)
        cls.addClassCleanup(server.end)
        return server

    def setUp(self) -> None:
        show_as(self.browser, 1100, 1000, "light")
        self.open(self.server)
        self.wait_for_models(["fashion", "table", "kinds"])

    def open(self, server: Served) -> None:
        self.browser.get(f"http://127.0.0.1:{server.port}/")
        self.browser.get_log("browser")  # What went before.

    def wait_for_models(self, names: list[str]) -> None:
        wait("the page shows the models",
             lambda: [label.text for label in self.browser.find_elements(By.CSS_SELECTOR, ".model label")] == names)

    def find(self, name: str) -> WebElement:
        return self.browser.find_element(By.ID, name)

    def type(self, name: str, text: str) -> None:
        field = self.find(name)
        field.send_keys(Keys.CONTROL, "a")
        field.send_keys(text)

    def pick(self, picture: Path) -> None:
        self.find("clear").click()
        self.find("file").send_keys(str(picture))
        self.settle()

    # Corners of the drawing are at -1 and 1.
    def draw(self, *points: tuple[float, float], kind: str = "mouse", lift: bool = True) -> ActionBuilder:
        canvas = self.find("drawing")
        half = canvas.rect["width"] / 2
        actions = ActionBuilder(self.browser, mouse=PointerInput(kind, kind), duration=20)
        for i, (x, y) in enumerate(points):
            actions.pointer_action.move_to(canvas, x * half, y * half)
            if i == 0:
                actions.pointer_action.pointer_down()
        if lift:
            actions.pointer_action.pointer_up()
        actions.perform()
        self.settle()
        return actions

    def settle(self) -> None:
        wait("the page has its answer", lambda: self.browser.execute_script(
            "return $('file').files.length && blank ? false : !busy && !again"))

    # Rows of [name, mean, standard deviation, quantiles …]; in %, of a model of probabilities.
    def rows(self) -> list[list]:
        rows = self.browser.execute_script(
            "return [...document.querySelectorAll('#rows tr')].map((row) => [...row.cells].map((c) => c.textContent))")
        return [[row[0], *(float(number) for number in re.findall(r"[-\d.e]+", " ".join(row[2:])))] for row in rows]

    # Where the parts of a class, fill or whisker, start and end, as parts of the bars' width.
    def parts(self, name: str) -> list[tuple[float, float]]:
        return self.browser.execute_script(
            """return [...document.getElementsByClassName(arguments[0])].map((element) => {
                 const all = element.parentElement.getBoundingClientRect(), part = element.getBoundingClientRect();
                 return [(part.left - all.left) / all.width, (part.right - all.left) / all.width];
               })""", name)

    # The means, standard deviations and quantiles of each output.
    def predict(self, model: str, x: list[float], **parameters) -> list[tuple[float, ...]]:
        status, answer = self.server.infer(model, request_of([x], QUANTILES, **parameters))
        self.assertEqual(status, 200, answer)
        return list(zip(*(output["data"] for output in answer["outputs"])))

    # What the page ought to show for fashion.
    def expected_rows(self, pixels: list[float], **parameters) -> list[list]:
        answer = self.predict("fashion", pixels, **parameters)
        return [[name, *(100 * number for number in numbers)] for name, numbers in zip(CLASSES, answer, strict=True)]

    def assert_rows(self, expected: list[list]) -> None:
        for shown, row in zip(self.rows(), expected, strict=True):
            self.assertEqual(shown[0], row[0])
            for number, value in zip(shown[1:], row[1:], strict=True):
                self.assertAlmostEqual(number, value, delta=0.051)

    def wait_for_error(self, text: str) -> None:
        wait(f"the page shows '{text}'", lambda: text in self.find("error").text)

    def wait_for_no_error(self) -> None:
        wait("the page shows no error", lambda: not self.find("error").is_displayed())

    def test_is_what_its_files_say(self) -> None:
        status, _, served = self.server.ask("GET", "/")
        page = (PAGE / "page.html").read_text()
        for part in ("page.css", "models.js", "input.js", "output.js"):
            page = page.replace(f"@page/{part}@", (PAGE / part).read_text())
        self.assertEqual((status, served.decode()), (200, page))

    def test_shows_the_models(self) -> None:
        cards = [card.text.split("\n") for card in self.browser.find_elements(By.CLASS_NAME, "model")]
        for fact in ("1, fallow_safetensors", "28 × 28", "10, probabilities", "dropout:0.5",
                     "dense:64, relu, dropout:0.5, dense:10"):
            self.assertIn(fact, cards[0])
        self.assertIn("1, values", cards[1])

    def test_drawings(self) -> None:
        self.assertFalse(self.find("results").is_displayed())
        seen = []
        for kind, points in (("mouse", [(-.6, -.6), (0, .6), (.6, -.6)]), ("touch", [(-.8, .5), (.8, .5), (.8, 0)]),
                             ("pen", [(0, -.9), (0, .9)])):
            self.draw(*points, kind=kind)
            rows, whiskers = self.rows(), self.parts("whisker")
            self.assertEqual([row[0] for row in rows], CLASSES)
            self.assertAlmostEqual(sum(row[1] for row in rows), 100, delta=0.5)
            for (_, _, _, low, high), (start, end) in zip(rows, whiskers, strict=True):
                self.assertAlmostEqual(start, low / 100, delta=0.01)
                self.assertAlmostEqual(end, high / 100, delta=0.01)
            self.assertGreater(max(end - start for start, end in whiskers), 0.02)
            self.assertNotIn(rows, seen)
            seen.append(rows)
        best = max(rows, key=lambda row: row[1])
        self.assertTrue(self.find("outcome").text.startswith(f"{best[0]}: {best[1]} %"), self.find("outcome").text)
        self.assertRegex(self.find("why").text, r"The model is .*Predictive entropy [\d.]+ of at most 2.30 nats")
        self.assertRegex(self.find("notes").text, r"^30 masks in [\d.]+ ms")
        wait("the answer is spoken", lambda: best[0] in self.find("spoken").get_attribute("textContent"))

        self.find("erase").click()
        self.find("brush").send_keys(Keys.END)
        self.draw(*((x, y) for y in (-.9, -.45, 0, .45, .9) for x in (-.9, .9)))
        self.assert_rows(self.expected_rows([0.0] * 784, mc_samples=30, seed=1))
        self.find("clear").click()
        self.assertFalse(self.find("results").is_displayed())
        self.find("scribble").click()
        self.settle()
        self.assertEqual(len(self.rows()), 10)
        self.assertEqual(self.browser.get_log("browser"), [])

    def test_answers_while_one_draws(self) -> None:
        self.draw((-.5, 0), (0, 0), lift=False)
        begun = self.rows()
        self.assertEqual(len(begun), 10)
        actions = self.draw((0, .5), (.5, .5), lift=False)
        self.assertNotEqual(self.rows(), begun)
        actions.clear_actions()

    def test_pictures(self) -> None:
        self.pick(self.picture)
        self.assert_rows(self.expected_rows(self.pixels, mc_samples=30, seed=1))
        self.find("invert").click()
        self.settle()
        self.assert_rows(self.expected_rows([255 - pixel for pixel in self.pixels], mc_samples=30, seed=1))
        self.find("invert").click()

        # Twice as high as wide: to the model's size in the middle, its corner's grey beside it.
        tall = self.folder / "tall.png"
        tall.write_bytes(grey_png(40, 80, bytes([100] * 40 * 40 + [200] * 40 * 40)))
        self.pick(tall)
        seen = self.browser.execute_script(
            "return [...$('seen').getContext('2d').getImageData(0, 0, 28, 28).data].filter((_, i) => i % 4 === 0)")
        self.assertEqual((seen[14], seen[27 * 28 + 14], seen[0], seen[27 * 28]), (100, 200, 100, 100))

        no_picture = self.folder / "no.png"
        no_picture.write_text("text")
        self.find("file").send_keys(str(no_picture))
        self.wait_for_error("no.png is no picture")
        self.pick(self.picture)
        self.wait_for_no_error()

        self.browser.find_element(By.TAG_NAME, "summary").click()
        self.type("white", "51")
        self.settle()
        self.assert_rows(self.expected_rows([pixel / 5 for pixel in self.pixels], mc_samples=30, seed=1))

    def test_masks_seed_and_rate(self) -> None:
        self.pick(self.picture)
        first = self.rows()
        self.find("new-seed").click()
        self.settle()
        seed = int(self.find("seed").get_attribute("value"))
        self.assertNotEqual(self.rows(), first)
        self.assert_rows(self.expected_rows(self.pixels, mc_samples=30, seed=seed))
        self.type("seed", "1")
        self.settle()
        self.assertEqual(self.rows(), first)

        self.type("masks", "200")
        self.settle()
        self.assert_rows(self.expected_rows(self.pixels, mc_samples=200, seed=1))
        self.type("masks", "0")
        self.settle()
        self.assertEqual([len(row) for row in self.rows()], [2] * 10)
        self.assertEqual(self.parts("whisker"), [])
        self.assertIn("Dropout is off", self.find("why").text)
        self.type("masks", "99999999")
        self.wait_for_error("parameter mc_samples is 99999999, expected a whole number from 0 to")
        self.type("masks", "30")
        self.settle()
        self.wait_for_no_error()

        self.find("rate").send_keys(Keys.HOME, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
        self.settle()
        self.assertEqual(self.find("rate-text").text, "0.1")
        self.assert_rows(self.expected_rows(self.pixels, mc_samples=30, seed=1, rate=0.1))
        self.find("own-rate").click()
        self.settle()
        self.assertEqual(self.rows(), first)

    def test_tables(self) -> None:
        self.find("model-0").send_keys(Keys.ARROW_DOWN)
        self.settle()
        self.assertFalse(self.find("drawing").is_displayed())
        means = [float(word) for word in self.find("row").get_attribute("value").split(",")]
        self.assertEqual((len(means), means[0]), (3, 99.5))
        self.type("row", "150; 0.25, 7")
        self.settle()
        [(mean, deviation, low, high)] = self.predict("table", [150, 0.25, 7], mc_samples=30, seed=1)
        self.assertLess(mean, 0)
        self.assertEqual(self.rows(), [["output", *(float(f"{n:.4g}") for n in (mean, deviation, low, high))]])
        least, span = min(low, mean), max(high, 0) - min(low, mean)
        for [shown], part in ((self.parts("fill"), (mean, 0)), (self.parts("whisker"), (low, high))):
            for place, value in zip(shown, part):
                self.assertAlmostEqual(place, (value - least) / span, delta=0.01)

        self.type("row", "1 2 3 4")
        self.wait_for_error("The row has 4 numbers, the model takes 3.")
        self.type("row", "1 two 3")
        self.wait_for_error("'two' is no number.")
        self.type("row", "1 2 3")
        self.settle()
        self.wait_for_no_error()

    def test_many_classes(self) -> None:
        self.browser.find_elements(By.CSS_SELECTOR, ".model label")[2].click()
        self.settle()
        self.type("row", "3 0.5 -1")
        self.settle()
        answer = self.predict("kinds", [3, 0.5, -1], mc_samples=30, seed=1)
        order = sorted(range(25), key=lambda i: -answer[i][0])[:20]
        self.assert_rows([[str(i), *(100 * number for number in answer[i])] for i in order])
        self.assertIn("The largest 20 of 25.", self.find("notes").text)

    def test_server_that_stops_and_comes_back(self) -> None:
        server = self.serve(f"fashion={self.fashion}")
        self.open(server)
        self.wait_for_models(["fashion"])
        self.draw((-.5, 0), (.5, 0))
        server.end()
        self.wait_for_error("The server does not answer.")
        self.draw((0, -.5), (0, .5))
        self.wait_for_error("The server does not answer.")
        before = self.rows()
        self.serve(f"fashion={self.fashion}", port=server.port)
        self.wait_for_no_error()
        wait("the page answers to what was drawn meanwhile", lambda: self.rows() != before)

    def test_model_that_becomes_another(self) -> None:
        model = self.folder / "changing.safetensors"
        shutil.copy(self.fashion, model)
        self.open(self.serve(f"changing={model}"))
        self.wait_for_models(["changing"])
        self.draw((-.5, 0), (.5, 0))
        new = self.folder / "new"
        shutil.copy(self.table, new)
        new.rename(model)
        wait("the page shows version 2", lambda: "2, fallow_safetensors" in self.find("models").text)
        self.settle()
        self.assertEqual([row[0] for row in self.rows()], ["output"])
        self.assertFalse(self.find("error").is_displayed())

    def test_token(self) -> None:
        secret = self.folder / "token"
        secret.write_text("open sesame\n")
        self.open(self.serve(f"fashion={self.fashion}", "--token-file", str(secret)))
        self.wait_for_error("expected the header 'Authorization: Bearer TOKEN'")
        self.find("token").send_keys("wrong", Keys.ENTER)
        self.wait_for_error("expected the header 'Authorization: Bearer TOKEN'")
        self.type("token", "open sesame" + Keys.ENTER)
        self.wait_for_models(["fashion"])
        self.wait_for_no_error()
        self.assertFalse(self.find("login").is_displayed())
        self.draw((-.5, 0), (.5, 0))
        self.assertEqual(len(self.rows()), 10)
        kept = "return JSON.stringify([localStorage, sessionStorage]) + document.cookie + location.href"
        self.assertNotIn("sesame", self.browser.execute_script(kept))

    def test_looks(self) -> None:
        self.pick(self.picture)
        for scheme in ("light", "dark"):
            for name, width in (("wide", 1100), ("narrow", 360)):
                with self.subTest(scheme=scheme, width=width):
                    show_as(self.browser, width, 1000, scheme)
                    png = save_screenshot(self.browser, SCREENSHOTS / f"{name}-{scheme}.png")
                    self.assertEqual(png_size(png)[0], width)  # Nothing sticks out.
                    self.assertGreaterEqual(self.browser.execute_script(LEAST_CONTRAST), 4.5)

    def test_controls_have_names(self) -> None:
        self.browser.find_element(By.TAG_NAME, "summary").click()
        controls = self.browser.find_elements(By.CSS_SELECTOR, "input, button, textarea, canvas, summary")
        self.assertGreater(len(controls), 15)
        for control in controls:
            shown = control.is_displayed()
            self.assertTrue(not shown or control.accessible_name, control.get_attribute("outerHTML"))


# The least contrast of a text on its ground, as WCAG 2 has it.
LEAST_CONTRAST = """
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map((c) => c / 255)
      .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
      .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    const colour = channels(getComputedStyle(element).backgroundColor);
    return colour.length === 4 && colour[3] === 0 && element.parentElement ? ground(element.parentElement) : colour;
  };
  const texts = [...document.querySelectorAll('body *')].filter(
      (element) => element.checkVisibility() && [...element.childNodes].some((node) => node.nodeType === 3));
  return Math.min(...texts.map((element) => {
    const [a, b] = [luminance(channels(getComputedStyle(element).color)), luminance(ground(element))];
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  }));
"""

if __name__ == "__main__":
    FALLOW = str(Path(sys.argv[1]).resolve())
    with tempfile.TemporaryDirectory() as pictures:
        SCREENSHOTS = Path(sys.argv[2] if len(sys.argv) > 2 else pictures)
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        unittest.main(argv=sys.argv[:1])
