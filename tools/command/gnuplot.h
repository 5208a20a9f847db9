// Pictures, drawn by gnuplot.
#ifndef FALLOW_TOOLS_GNUPLOT_H_
#define FALLOW_TOOLS_GNUPLOT_H_

#include <filesystem>
#include <string>

namespace fallow::tools {

// A string literal of gnuplot's that shows `text` as it is, whatever it holds.
std::string PlotText(const std::string& text);

// Runs gnuplot on `script` and stores what it writes to its standard output, whole, at `path`. The script comes to
// gnuplot as a file, so neither a shell nor gnuplot ever sees a name that the user chose. Throws UsageError if gnuplot
// is not installed (naming the package) or fails, or if `path` cannot be written.
void Draw(const std::string& script, const std::filesystem::path& path);

}  // namespace fallow::tools

#endif  // FALLOW_TOOLS_GNUPLOT_H_
