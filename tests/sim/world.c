/* SPDX-License-Identifier: MIT
 *
 * The world: chance, time, its events, the trace of what happens, and how the daemon dies in it.  Owns the events, which
 * outlive the daemon.
 */
#undef _FORTIFY_SOURCE           /* sim_die() jumps */

#include "sim.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "io/task.h"

struct sim sim;

static uint64_t streams[_R_MAX];
static struct buffer trace = { .max = 64 * 1024 * 1024 };

/* --- Chance: splitmix64 --- */

static uint64_t mix(uint64_t *state)
{
        uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

uint64_t draw(enum stream s)
{
        return mix(&streams[s]);
}

int64_t below(enum stream s, int64_t n)
{
        return n > 0 ? (int64_t) (draw(s) % (uint64_t) n) : 0;
}

int64_t between(enum stream s, int64_t low, int64_t high)
{
        return low + below(s, high - low + 1);
}

bool chance(enum stream s, int permille)
{
        return below(s, 1000) < permille;
}

int64_t around(enum stream s, int64_t mean_usec)
{
        int64_t sum = 0;

        /* Whole numbers only: a geometric number of twelfths, spread. */
        for (int i = 0; i < 72; i++) {
                sum += between(s, 1, mean_usec / 6);
                if (chance(s, 83))
                        break;
        }
        return sum;
}

/* --- Clocks --- */

static int64_t utc(void)
{
        return UTC_START + sim.now + sim.jump;
}

static int64_t mono(void)
{
        return sim.now;
}

static void randomness(void *p, size_t n)
{
        char *at = p;

        for (; n > 0; n--)
                *at++ = (char) draw(R_INNER);
}

static const struct clock_source source = { .utc_usec = utc, .mono_usec = mono, .random = randomness };

void sim_seed(uint64_t seed)
{
        uint64_t state = seed * UINT64_C(0x2545f4914f6cdd1d) + 0x1234567;

        sim = (struct sim) { .seed = seed, .now = 1000 * USEC_PER_SEC, .hash = UINT64_C(14695981039346656037) };
        for (int i = 0; i < _R_MAX; i++)
                streams[i] = mix(&state);
        sim_new_process();
}

void sim_reseed(enum stream s, uint64_t number)
{
        uint64_t state = sim.seed ^ number << 32 ^ (uint64_t) s;

        streams[s] = mix(&state);
}

void sim_new_process(void)
{
        clock_set_source(&source);       /* what it kept of the clocks is gone */
}

/* --- The trace --- */

void note(const char *format, ...)
{
        int64_t t = sim.now - 1000 * USEC_PER_SEC;
        int before = heap_enter(HEAP_WORLD);
        char *text, *line;
        va_list ap;

        va_start(ap, format);
        text = xvasprintf(format, ap);
        va_end(ap);
        for (char *p = text; *p; p++)
                if (*p == '\n')
                        *p = '|';
        line = xasprintf("%02lld:%02lld:%02lld.%06lld %s\n", (long long) (t / USEC_PER_HOUR), (long long) (t / USEC_PER_MINUTE % 60),
                         (long long) (t / USEC_PER_SEC % 60), (long long) (t % USEC_PER_SEC), text);
        for (const char *p = line; *p; p++)
                sim.hash = (sim.hash ^ (unsigned char) *p) * UINT64_C(1099511628211);
        (void) buffer_append_str(&trace, line);
        free(text);
        free(line);
        (void) heap_enter(before);
}

static bool is_wanted(const char *line, size_t size, const char *const *words, size_t n_words)
{
        if (n_words == 0)
                return true;
        for (size_t i = 0; i < n_words; i++)
                if (memmem(line, size, words[i], strlen(words[i])))
                        return true;
        return memmem(line, size, "***", 3);     /* what concerns everything */
}

void trace_print(FILE *f, const char *const *words, size_t n_words, size_t max_lines)
{
        const char *line = buffer_str(&trace);
        size_t n = 0, skipped;

        for (const char *p = line; *p; p += strcspn(p, "\n") + 1)
                n++;
        n_words = n <= max_lines ? 0 : n_words;  /* if it is short enough: all of it */
        n = 0;
        for (const char *p = line; *p; p += strcspn(p, "\n") + 1)
                n += is_wanted(p, strcspn(p, "\n"), words, n_words);
        skipped = n > max_lines ? n - max_lines : 0;
        if (skipped)
                fprintf(f, "  ... %zu lines before\n", skipped);
        for (const char *p = line; *p; p += strcspn(p, "\n") + 1)
                if (is_wanted(p, strcspn(p, "\n"), words, n_words)) {
                        if (skipped)
                                skipped--;
                        else
                                fprintf(f, "  %.*s\n", (int) MIN(strcspn(p, "\n"), (size_t) 400), p);
                }
}

/* --- Events of the world: a heap by time, in the order of their making where that is the same --- */

struct event {
        int64_t at;
        uint64_t order;
        void (*fn)(void *data);
        void *data;
};
static struct event *events;
static size_t n_events, events_allocated;
static uint64_t event_order;

static bool sooner(const struct event *a, const struct event *b)
{
        return a->at != b->at ? a->at < b->at : a->order < b->order;
}

void sim_at(int64_t at_usec, void (*fn)(void *data), void *data)
{
        struct event e = { MAX(at_usec, sim.now), event_order++, fn, data };
        size_t i = n_events;

        if (n_events == events_allocated) {
                int before = heap_enter(HEAP_WORLD);

                events_allocated = MAX(events_allocated * 2, (size_t) 64);
                events = xrealloc(events, events_allocated * sizeof *events);
                (void) heap_enter(before);
        }
        n_events++;
        for (; i > 0 && sooner(&e, &events[(i - 1) / 2]); i = (i - 1) / 2)
                events[i] = events[(i - 1) / 2];
        events[i] = e;
}

void sim_in(int64_t usec, void (*fn)(void *data), void *data)
{
        sim_at(sim.now + usec, fn, data);
}

void sim_run_event(void)
{
        struct event e = events[0], last = events[--n_events];
        int before = heap_enter(HEAP_WORLD);
        size_t i = 0;

        for (;;) {
                size_t child = 2 * i + 1;

                if (child >= n_events)
                        break;
                if (child + 1 < n_events && sooner(&events[child + 1], &events[child]))
                        child++;
                if (!sooner(&events[child], &last))
                        break;
                events[i] = events[child];
                i = child;
        }
        if (n_events)
                events[i] = last;
        sim.now = MAX(sim.now, e.at);
        e.fn(e.data);
        (void) heap_enter(before);
}

bool sim_events_before(int64_t at_usec)
{
        return n_events > 0 && events[0].at <= at_usec;
}

void sim_pass_until(int64_t at_usec)
{
        while (sim_events_before(at_usec))
                sim_run_event();
        sim.now = MAX(sim.now, at_usec);
}

/* --- Dying --- */

void sim_set_trap(enum trap kind, int64_t countdown)
{
        sim.trap.kind = kind;
        sim.trap.countdown = countdown;
}

void sim_set_any_trap(int64_t max_countdown)
{
        int kind = (int) between(R_CRASH, TRAP_DISK, TRAP_SENT);

        sim_set_trap(kind, between(R_CRASH, 1, max_countdown));
}

bool sim_trap(enum trap kind)
{
        if (sim.trap.kind != (int) kind || --sim.trap.countdown > 0)
                return false;
        sim.trap.kind = TRAP_NONE;
        return true;
}

void sim_die(enum happening kind, const char *why)
{
        happened(kind);
        note("*** crash: %s", why);
        sim.crashed = true;
        if (!task_self())
                longjmp(sim.crash_env, 1);
        for (;;)
                task_wait_always();      /* nobody wakes it any more */
}
