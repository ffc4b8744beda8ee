#include "protocol/pki/scep.h"
