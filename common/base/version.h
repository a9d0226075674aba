/** The version of this build. */
#ifndef JT_BASE_VERSION_H
#define JT_BASE_VERSION_H

/** "0.1.0": the project's version in CMakeLists.txt. A literal. Any thread. */
const char *jt_version(void);

#endif
