#include "protocol/pki/key.h"
