#include "protocol/mdm/command.h"
