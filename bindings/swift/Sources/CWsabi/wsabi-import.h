// From the include directory that pkg-config names.
#include <wsabi.h>
