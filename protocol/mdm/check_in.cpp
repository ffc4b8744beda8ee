#include "protocol/mdm/check_in.h"
