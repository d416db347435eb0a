/* SPDX-License-Identifier: MIT
 * The living daemon, for those files that act on it. */
#ifndef LIVING_H
#define LIVING_H

#include "sim.h"

#include "admin/daemon.h"

extern struct daemon *living;                        /* NULL: none */

#endif
