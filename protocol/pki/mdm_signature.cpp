#include "protocol/pki/mdm_signature.h"
