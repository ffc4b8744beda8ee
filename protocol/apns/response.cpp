#include "protocol/apns/response.h"
