// The page at "/": page.html as a string, made by the build.
#ifndef FALLOW_TOOLS_SERVE_PAGE_H_
#define FALLOW_TOOLS_SERVE_PAGE_H_

namespace fallow::serve {

extern const char kPage[];

}  // namespace fallow::serve

#endif  // FALLOW_TOOLS_SERVE_PAGE_H_
