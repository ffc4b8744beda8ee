#include "protocol/pki/cms.h"
