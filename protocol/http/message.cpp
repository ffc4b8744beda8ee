#include "protocol/http/message.h"
