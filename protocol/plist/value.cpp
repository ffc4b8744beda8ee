#include "protocol/plist/value.h"
