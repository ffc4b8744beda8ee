#include "protocol/apns/reason.h"
