// The page at "/": the files in page/ as one string, made by the build.
#ifndef FALLOW_TOOLS_SERVE_PAGE_H_
#define FALLOW_TOOLS_SERVE_PAGE_H_

namespace fallow::serve {

extern const char kPage[];

}  // namespace fallow::serve

#endif  // FALLOW_TOOLS_SERVE_PAGE_H_
