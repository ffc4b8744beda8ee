#include "protocol/http/http2_server_session.h"
