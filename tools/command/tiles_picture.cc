// A grid of images with what a model says of them. All images and the white between them are one matrix, so that
// gnuplot draws one picture; the text is laid over it, placed in the matrix's own units, image pixels.
#include <algorithm>

#include "tools/command/command.h"
#include "tools/command/gnuplot.h"
#include "tools/command/numbers.h"
#include "tools/command/pictures.h"

namespace fallow::tools {
namespace {

constexpr std::size_t kMostColumns = 5;
constexpr double kTileWidth = 270;  // Of the picture, in its pixels; so are the next two.
constexpr double kLineHeight = 29;
constexpr double kTitleHeight = 90;

struct Grid {
  std::size_t columns, lines;
  std::size_t image_width, image_height;
  std::size_t tile_width, tile_height;
  double scale;  // Pixels of the picture to one of an image.

  std::size_t width() const { return columns * tile_width; }
  std::size_t height() const { return lines * tile_height; }
};

Grid MakeGrid(const nn::Shape& image, const std::vector<Tile>& tiles) {
  Grid grid{};
  grid.columns = std::min(tiles.size(), kMostColumns);
  grid.lines = (tiles.size() - 1) / grid.columns + 1;
  grid.image_height = image[0];
  grid.image_width = image[1];
  grid.tile_width = image[1] + image[1] / 3 + 1;
  grid.scale = kTileWidth / static_cast<double>(grid.tile_width);
  const double text = kLineHeight * (2.2 + static_cast<double>(tiles.front().lines.size()));
  grid.tile_height = image[0] + static_cast<std::size_t>(text / grid.scale) + 1;
  return grid;
}

// Rows of numbers, top row first; 0 is white, and the highest value of the tiles is black.
std::string Matrix(const nn::Tensor& x, const std::vector<Tile>& tiles, const Grid& grid) {
  std::vector<float> pixels(grid.width() * grid.height(), 0.0f);
  const std::size_t margin = (grid.tile_width - grid.image_width) / 2;
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    const auto image = x.row(tiles[i].row);
    const float lowest = *std::min_element(image.begin(), image.end());
    const std::size_t top = i / grid.columns * grid.tile_height;
    const std::size_t left = i % grid.columns * grid.tile_width + margin;
    for (std::size_t r = 0; r < grid.image_height; ++r) {
      for (std::size_t c = 0; c < grid.image_width; ++c) {
        pixels[(top + r) * grid.width() + left + c] = image[r * grid.image_width + c] - lowest;
      }
    }
  }
  std::string text = "$pixels << EOD\n";
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    text += FormatReal(static_cast<double>(pixels[i])) + ((i + 1) % grid.width() == 0 ? "\n" : " ");
  }
  return text + "EOD\n";
}

std::string Labels(const std::vector<Tile>& tiles, const Grid& grid) {
  std::string script;
  for (std::size_t i = 0; i < tiles.size(); ++i) {
    const auto left = static_cast<double>(i % grid.columns * grid.tile_width);
    const double x = left + static_cast<double>(grid.tile_width) / 2 - 0.5;
    double y = static_cast<double>(i / grid.columns * grid.tile_height + grid.image_height) - 0.5;
    const auto add = [&](const std::string& text, const char* style) {
      y += kLineHeight / grid.scale;
      script += "set label " + PlotText(text) + " at " + FormatReal(x) + "," + FormatReal(y) + " center front " +
                style + "\n";
    };
    add(tiles[i].heading, tiles[i].wrong ? "textcolor rgb '#D55E00'" : "textcolor rgb '#0072B2'");
    for (const std::string& line : tiles[i].lines) add(line, "textcolor rgb '#333333'");
  }
  return script;
}

}  // namespace

void DrawTiles(const nn::Tensor& x, const std::vector<Tile>& tiles, const std::string& title,
               const std::filesystem::path& path) {
  const nn::Shape& image = x.sample_shape();
  if (image.rank() != 2)
    throw UsageError("--picture needs images, samples of height x width; these are " + image.ToString());
  const Grid grid = MakeGrid(image, tiles);
  const double width = grid.scale * static_cast<double>(grid.width());
  const double height = grid.scale * static_cast<double>(grid.height()) + kTitleHeight;
  const auto whole = [](double value) { return std::to_string(static_cast<long>(value)); };
  Draw("set terminal pngcairo noenhanced size " + whole(width) + "," + whole(height) +
           " font 'DejaVu Sans,15' background rgb 'white'\n"
           "unset key\nunset colorbox\nunset border\nunset tics\n"
           "set palette defined (0 'white', 1 'black')\n"
           "set lmargin at screen 0\nset rmargin at screen 1\nset bmargin at screen 0\nset tmargin at screen " +
           FormatReal(1 - kTitleHeight / height) + "\nset xrange [-0.5:" + whole(static_cast<double>(grid.width())) +
           "-0.5]\nset yrange [" + whole(static_cast<double>(grid.height())) + "-0.5:-0.5]\n" + "set label " +
           PlotText(title) + " at screen 0.5, screen " + FormatReal(1 - 0.45 * kTitleHeight / height) +
           " center font ',20'\n" + Matrix(x, tiles, grid) + Labels(tiles, grid) + "plot $pixels matrix with image\n",
       path);
}

}  // namespace fallow::tools
