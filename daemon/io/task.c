/* SPDX-License-Identifier: MIT
 *
 * Tasks: coroutines with a stack of their own.  Owns the stacks and the switch between them and the loop's.
 * Started by ucontext, switched by _setjmp and _longjmp, which make no system call (as QEMU does).
 */

/* The checked longjmp takes a jump to another stack for an error. */
#undef _FORTIFY_SOURCE

#include "io/task.h"

#include "base/clock.h"

#include <errno.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <ucontext.h>

#if defined(__has_feature)
#  if __has_feature(address_sanitizer)
#    define HAVE_ASAN 1
#  endif
#elif defined(__SANITIZE_ADDRESS__)
#  define HAVE_ASAN 1
#endif
#ifdef __SANITIZE_ADDRESS__
#  define HAVE_ASAN 1
#endif

#ifdef HAVE_ASAN
#  include <sanitizer/asan_interface.h>
#  include <sanitizer/common_interface_defs.h>
#else
static inline void __sanitizer_start_switch_fiber(void **save _unused_, const void *bottom _unused_, size_t size _unused_) {}
static inline void __sanitizer_finish_switch_fiber(void *save _unused_, const void **bottom _unused_, size_t *size _unused_) {}
#endif

#ifdef HAVE_VALGRIND_VALGRIND_H
#  include <valgrind/valgrind.h>
#else
#  define VALGRIND_STACK_REGISTER(start, end) 0
#  define VALGRIND_STACK_DEREGISTER(id) ((void) (id))
#endif

#define GUARD_SIZE 4096
#define POOL_MAX 64          /* stacks kept for reuse: as many as tasks are usually in flight */

struct stack {
        struct stack *next;
        char *base;          /* of the mapping; the guard page is its first */
        unsigned valgrind_id;
};

struct task {
        struct loop *loop;
        const char *name;
        task_fn fn, done;
        void *data;

        struct stack *stack;
        jmp_buf env;
        void *fake_stack;    /* ASan's, while the task is suspended */
        bool started, finished;

        bool waiting, interruptible, woken, canceled;
        uint32_t mark;
        int64_t deadline_usec;
        struct loop_timer deadline_timer;
        struct loop_defer resume;
};

static struct task *current;
static int64_t resumed_usec; /* when it was */
static jmp_buf loop_env;
static const void *loop_stack_bottom;
static size_t loop_stack_size;
static struct stack *pool;
static unsigned n_pool;
static void (*monitor)(const char *name, int64_t ran_usec);
static uint32_t unseen;
static volatile uint32_t *marked = &unseen;  /* a signal handler, and the next process, read it */

static struct stack *stack_get(void)
{
        struct stack *s = pool;

        if (s) {
                pool = s->next;
                n_pool--;
                return s;
        }
        s = xcalloc(1, sizeof *s);
        s->base = mmap(NULL, GUARD_SIZE + TASK_STACK_SIZE, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
        if (s->base == MAP_FAILED || mprotect(s->base, GUARD_SIZE, PROT_NONE) < 0)
                out_of_memory();
        s->valgrind_id = VALGRIND_STACK_REGISTER(s->base + GUARD_SIZE, s->base + GUARD_SIZE + TASK_STACK_SIZE);
        return s;
}

static void stack_free(struct stack *s)
{
        VALGRIND_STACK_DEREGISTER(s->valgrind_id);
        (void) munmap(s->base, GUARD_SIZE + TASK_STACK_SIZE);
        free(s);
}

static void stack_put(struct stack *s)
{
        if (n_pool >= POOL_MAX) {
                stack_free(s);
                return;
        }
#ifdef HAVE_ASAN
        /* What the last task left poisoned is no business of the next one. */
        ASAN_UNPOISON_MEMORY_REGION(s->base + GUARD_SIZE, TASK_STACK_SIZE);
#endif
        s->next = pool;
        pool = s;
        n_pool++;
}

void task_cleanup(void)
{
        while (pool) {
                struct stack *s = pool;

                pool = s->next;
                stack_free(s);
        }
        n_pool = 0;
}

/* Back to the loop.  Returns when the task is resumed; never, if it has finished. */
static void switch_to_loop(struct task *t)
{
        __sanitizer_start_switch_fiber(t->finished ? NULL : &t->fake_stack, loop_stack_bottom, loop_stack_size);
        if (_setjmp(t->env) == 0)
                _longjmp(loop_env, 1);
        __sanitizer_finish_switch_fiber(t->fake_stack, &loop_stack_bottom, &loop_stack_size);
}

static void trampoline(unsigned high, unsigned low)
{
        struct task *t = (struct task *) (((uintptr_t) high << 32) | low);

        __sanitizer_finish_switch_fiber(NULL, &loop_stack_bottom, &loop_stack_size);
        t->fn(t->data);
        t->finished = true;
        switch_to_loop(t);
        abort();
}

static void enter(struct task *t)
{
        static ucontext_t uc;    /* not on the stack: ASan would take this frame, never returned from, for live */

        t->started = true;
        if (getcontext(&uc) < 0)
                abort();
        uc.uc_stack.ss_sp = t->stack->base + GUARD_SIZE;
        uc.uc_stack.ss_size = TASK_STACK_SIZE;
        uc.uc_link = NULL;
        makecontext(&uc, (void (*)(void)) trampoline, 2, (unsigned) ((uintptr_t) t >> 32),
                    (unsigned) (uintptr_t) t);
        (void) setcontext(&uc);
        abort();
}

static void run(struct task *t)
{
        int64_t began = resumed_usec = mono_usec();
        void *fake_stack _unused_ = NULL;

        current = t;
        *marked = t->mark;
        t->waiting = false;
        __sanitizer_start_switch_fiber(&fake_stack, t->stack->base + GUARD_SIZE, TASK_STACK_SIZE);
        if (_setjmp(loop_env) == 0) {
                if (t->started)
                        _longjmp(t->env, 1);
                else
                        enter(t);
        }
        __sanitizer_finish_switch_fiber(fake_stack, NULL, NULL);
        current = NULL;
        *marked = 0;
        if (monitor)
                monitor(t->name, mono_usec() - began);
        if (!t->finished)
                return;
        loop_timer_clear(t->loop, &t->deadline_timer);
        loop_undefer(t->loop, &t->resume);
        stack_put(t->stack);
        if (t->done)
                t->done(t->data);
        free(t);
}

static void on_resume(struct loop_defer *d)
{
        run(CONTAINER_OF(d, struct task, resume));
}

static void interrupt(struct task *t)
{
        if (t->waiting && t->interruptible)
                loop_defer(t->loop, &t->resume);
}

static void on_deadline(struct loop_timer *timer)
{
        interrupt(CONTAINER_OF(timer, struct task, deadline_timer));
}

struct task *task_start(struct loop *l, const char *name, task_fn fn, task_fn done, void *data)
{
        struct task *t = xcalloc(1, sizeof *t);

        t->loop = l;
        t->name = name;
        t->fn = fn;
        t->done = done;
        t->data = data;
        t->deadline_usec = USEC_INFINITY;
        t->deadline_timer.fn = on_deadline;
        t->resume.fn = on_resume;
        t->stack = stack_get();
        loop_defer(l, &t->resume);
        return t;
}

struct task *task_self(void)
{
        return current;
}

struct loop *task_loop(struct task *t)
{
        return t->loop;
}

const char *task_name(const struct task *t)
{
        return t->name;
}

int task_interrupted(void)
{
        if (current->canceled)
                return -ECANCELED;
        if (current->deadline_usec != USEC_INFINITY && mono_usec() >= current->deadline_usec)
                return -ETIME;
        return 0;
}

static void suspend(struct task *t, bool interruptible)
{
        t->waiting = true;
        t->woken = false;
        t->interruptible = interruptible;
        switch_to_loop(t);
}

int task_wait(void)
{
        struct task *t = current;
        int r = task_interrupted();

        if (r < 0)
                return r;
        suspend(t, true);
        return t->woken ? 0 : task_interrupted();
}

void task_wait_always(void)
{
        struct task *t = current;

        do
                suspend(t, false);
        while (!t->woken);
}

void task_yield(void)
{
        struct task *t = current;

        loop_defer(t->loop, &t->resume);
        switch_to_loop(t);
}

int64_t task_ran_usec(void)
{
        return mono_usec() - resumed_usec;
}

void task_mark(uint32_t mark)
{
        if (current)
                current->mark = mark;
        *marked = mark;
}

void task_mark_at(uint32_t *place)
{
        *marked = 0;
        marked = place ? place : &unseen;
}

void task_wake(struct task *t)
{
        if (!t->waiting)
                return;
        t->woken = true;
        loop_defer(t->loop, &t->resume);
}

struct sleeper {
        struct loop_timer timer;
        struct task *task;
};

static void on_sleep_end(struct loop_timer *timer)
{
        task_wake(CONTAINER_OF(timer, struct sleeper, timer)->task);
}

int task_sleep_until(int64_t at_usec)
{
        struct sleeper s = { .timer.fn = on_sleep_end, .task = current };
        int r = 0;

        while (r == 0 && mono_usec() < at_usec) {
                loop_timer_set(s.task->loop, &s.timer, at_usec);
                r = task_wait();
                loop_timer_clear(s.task->loop, &s.timer);
        }
        return r;
}

void task_cancel(struct task *t)
{
        t->canceled = true;
        interrupt(t);
}

void task_set_deadline(struct task *t, int64_t at_usec)
{
        t->deadline_usec = at_usec;
        if (at_usec == USEC_INFINITY)
                loop_timer_clear(t->loop, &t->deadline_timer);
        else
                loop_timer_set(t->loop, &t->deadline_timer, at_usec);
}

void task_set_monitor(void (*fn)(const char *name, int64_t ran_usec))
{
        monitor = fn;
}
