/* SPDX-License-Identifier: MIT
 *
 * The operator: pauses, resumes, reloads, ends, and decides on what is held or dead, by the commands of mentionctl.  Owns
 * nothing.
 */
#include "desk.h"
#include "living.h"

#include "admin/control.h"

/* As the control socket does: in a task. */
static bool run_command(struct json_object *request)
{
        struct json_object *answer = json_object_new_object();
        char *error = command_run(living, request, answer);
        bool done = !error;

        if (error)
                note("the operator is told: %s", error);
        free(error);
        (void) json_object_put(answer);
        (void) json_object_put(request);
        return done;
}

static void command_task(void *data)
{
        (void) run_command(data);
}

static bool retry_or_drop(int64_t id, bool drop)
{
        struct json_object *request = json_object_new_object();

        mj_put_str(request, "command", drop ? "drop" : "retry");
        mj_put_int(request, "id", id);
        return run_command(request);
}

static void pause_or_resume(const char *name, bool pause)
{
        struct json_object *request = json_object_new_object();

        mj_put_str(request, "command", pause ? "pause" : "resume");
        mj_put_str(request, "name", name);
        happened(pause ? PAUSED : RESUMED);
        note("operator %s %s", pause ? "pauses" : "resumes", name);
        net_excuse();
        (void) task_start(living->loop, "operator", command_task, NULL, request);
}

static void repair(void)
{
        for (struct instance *i = living->host.instances; i; i = i->next)
                if (i->state == INSTANCE_STOPPED || i->state == INSTANCE_PAUSED)
                        pause_or_resume(i->name, false);
}

static bool is_on_network(int group)
{
        for (int i = 0; i < social.n_statuses; i++)
                if (social.statuses[i].by_api && !social.statuses[i].spam && people_note_in(social_first_text(i)) == group)
                        return true;
        return false;
}

static bool is_in_helpdesk(const char *key)
{
        for (int i = 0; i < desks.n_articles; i++)
                if (streq(desks.articles[i].key, key))
                        return true;
        return false;
}

static bool is_decided_easily(int k)
{
        const struct article *a = &desks.articles[agent_notes[k].article];

        /* What was never meant for the public he does not send; of two that say the same he cannot tell. */
        if (agent_notes[k].internal || agent_notes[k].group != k || !a->visible || desks.tickets[a->born_ticket].foreign)
                return false;
        for (int m = 0; m < n_agent_notes; m++)
                if (m != k && agent_notes[m].group == k)
                        return false;
        return true;
}

/* A careful operator: looks before he sends again. */
static void decide_task(void *data _unused_)
{
        _cleanup_(arena_freep) struct arena *a = arena_new();
        struct store_row *list = NULL, *row;
        const struct instance *source;
        bool there;
        size_t n = 0;
        int r;

        r = store_list(living->host.store, a, &(struct store_list) { .state = chance(R_OPERATOR, 700) ? STATE_HELD : STATE_DEAD, .max = 100 }, &list, &n);
        if (r < 0 || n == 0)
                return;
        row = &list[below(R_OPERATOR, (int64_t) n)];
        source = host_find_id(&living->host, row->source);
        if (streq(row->kind, KIND_REPLY)) {
                int k = desks.articles[atoi(row->native_id) - 1].note;

                if (k < 0 || !is_decided_easily(k))
                        return;
                /* What is not there he may still not want to say any more. */
                there = is_on_network(k) || chance(R_OPERATOR, 400);
                agent_notes[k].retried = true;
                agent_notes[k].dropped = there;
        } else {
                _cleanup_free_ char *key = xasprintf("%s:%s", source ? source->name : "", row->native_id);

                there = is_in_helpdesk(streq(row->kind, KIND_MENTION) ? key : row->native_id);
        }
        note("operator %s row %lld (%s %s, %s)", there ? "drops" : "retries", (long long) row->id, row->kind, row->native_id, row->reason);
        happened(there ? DROPPED : RETRIED);
        (void) retry_or_drop(row->id, there);
}

/* An agent has asked for it: a reply is not to be said after all. */
static void withdraw_task(void *data _unused_)
{
        _cleanup_(arena_freep) struct arena *a = arena_new();
        struct store_row *list = NULL;
        size_t n = 0;

        if (store_list(living->host.store, a, &(struct store_list) { .state = STATE_WAITING, .max = 100 }, &list, &n) < 0)
                return;
        for (size_t i = 0; i < n; i++) {
                int k = desks.articles[atoi(list[i].native_id) - 1].note;

                if (k < 0 || list[i].attempt || !is_decided_easily(k) || is_on_network(k))
                        continue;
                note("operator withdraws row %lld (r%dq)", (long long) list[i].id, k);
                /* It may be, also when the daemon dies over it before it can say so. */
                agent_notes[k].dropped = true;
                if (retry_or_drop(list[i].id, true)) {
                        happened(WITHDRAWN);
                        agent_notes[k].withdrawn = true;
                }
                return;
        }
}

static int some_server(void)
{
        int k = (int) below(R_OPERATOR, social.n_networks + desks.n);

        return k < social.n_networks ? k : NETWORKS + k - social.n_networks;
}

static void act(void)
{
        int server = some_server();

        switch (below(R_OPERATOR, 10)) {
        case 0:
                pause_or_resume(server_name(server), true);
                break;
        case 1:
        case 2:
                repair();
                break;
        case 3:
                daemon_reconfigure(server, between(R_OPERATOR, 1, 9));
                note("operator reloads");
                happened(RELOADED);
                net_excuse();
                daemon_reload(living);
                break;
        case 4:
                note("*** the daemon is asked to end");
                happened(ENDED);
                daemon_end(living);
                break;
        case 5:
        case 6:
                (void) task_start(living->loop, "operator", withdraw_task, NULL, NULL);
                break;
        default:
                (void) task_start(living->loop, "operator", decide_task, NULL, NULL);
        }
}

/* What he does is done by the daemon. */
static void as_daemon(void (*fn)(void))
{
        int before;

        if (!daemon_is_ready() || living->ending)
                return;
        before = heap_enter(heap_daemon());
        fn();
        (void) heap_enter(before);
}

void daemon_operator_repairs(void)
{
        as_daemon(repair);
}

static void reload(void)
{
        net_excuse();
        daemon_reload(living);
}

void daemon_operator_reloads(void)
{
        as_daemon(reload);
}

void operator_act(void)
{
        as_daemon(act);
}
