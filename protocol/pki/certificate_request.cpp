#include "protocol/pki/certificate_request.h"
