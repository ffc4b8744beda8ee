#include "protocol/mdm/report.h"
