#include "protocol/pki/certificate.h"
