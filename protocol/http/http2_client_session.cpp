#include "protocol/http/http2_client_session.h"
