/* SPDX-License-Identifier: MIT
 * L4.  The control socket: one request, one answer, each a line of JSON; see mentionctl(1).
 *
 *     {"command": "show", "id": 12}        {"ok": true, "row": {...}}
 *     {"command": "pause", "name": "x"}    {"ok": false, "error": "there is no instance \"x\""}
 */
#ifndef ADMIN_CONTROL_H
#define ADMIN_CONTROL_H

#include "base/util.h"

struct control;
struct daemon;
struct json_object;

int control_open(struct daemon *d, const char *path, struct control **ret, char **ret_error);
void control_stop(struct control *c);            /* no new connections */
void control_free(struct control *c);

/* commands.c: runs in a task; fills answer, and returns NULL or an error for the person, malloced. */
char *command_run(struct daemon *d, struct json_object *request, struct json_object *answer);

/* doctor.c: the same for these two; wait, and end early if the task is canceled. */
char *doctor_run(struct daemon *d, struct json_object *request, struct json_object *answer);
char *provision_run(struct daemon *d, struct json_object *request, struct json_object *answer);
void doctor_note_backup(struct daemon *d, const char *file);     /* that there is one, for the next time */

#endif
