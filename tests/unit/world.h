/* SPDX-License-Identifier: MIT
 * A loop, a directory and a task for each test of what waits.  A test is a function without arguments that runs in a
 * task of world_loop; what it opened it closes.  A failed assertion leaves the task by a jump, and its memory behind. */
#ifndef TESTS_WORLD_H
#define TESTS_WORLD_H

#include "io/task.h"

#include <setjmp.h>
#include <cmocka.h>

extern struct loop *world_loop;
extern char *world_directory;                        /* empty, and removed afterwards with what is in it */

#define world_test(f) { .name = #f, .test_func = world_run, .initial_state = (void *) (f) }
void world_run(void **state);

/* Lets the loop run for a time, or until *n is at least that; false if it never was. */
void world_sleep(int64_t usec);
bool world_wait(const int *n, int at_least);

/* The lines that were logged during this test, one after the other; and whether one holds the text. */
extern char *world_log;
bool world_logged(const char *text);

/* A file in the directory, written anew; its path, until the next call. */
const char *world_write(const char *name, const char *content);

#endif
