#include "protocol/plist/parse.h"
