#include "protocol/mdm/enrolment_id.h"
