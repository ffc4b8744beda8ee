#include "protocol/apns/notification.h"
