#include "protocol/plist/fields.h"
