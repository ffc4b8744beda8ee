#include "protocol/pki/push_certificate.h"
