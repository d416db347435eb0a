/* SPDX-License-Identifier: MIT
 * The plugins, linked in. */
#ifndef FUZZ_PLUGINS_H
#define FUZZ_PLUGINS_H

void fuzz_plugins(void);         /* registers all; once */

#endif
