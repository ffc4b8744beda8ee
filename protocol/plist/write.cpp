#include "protocol/plist/write.h"
