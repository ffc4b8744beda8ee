#include "protocol/profile/enrolment_profile.h"
