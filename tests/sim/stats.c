/* SPDX-License-Identifier: MIT
 *
 * What happened in the worlds, and how often: a fault that never happens proves nothing.  Owns the counts of one world.
 */
#include "sim.h"

uint64_t happenings[_HAPPENINGS];

static const char *const names[_HAPPENINGS] = {
        [RACED] = "two requests made the same customer",
        [FIELD_DROPPED] = "a worker dropped an attribute that it did not know",
        [NOTE_RETRACTED] = "an agent deleted his note",
        [SAID_ELSEWHERE] = "an agent wrote a mail, or of a call",
        [MAINTENANCE] = "the helpdesk was in maintenance",
        [MANDATORY_FIELD] = "a field was made mandatory",
        [STALE_WORKERS] = "workers of the helpdesk did not know the attribute",
        [SHOWN_LATE] = "a post was shown after a younger one",
        [ARRIVED_TWICE] = "a request arrived twice",
        [OVERTAKEN] = "an answer overtook an older one",
        [REFUSED] = "a connection was refused",
        [LOST_REQUEST] = "a request was lost",
        [LOST_ANSWER] = "an answer was lost after the effect",
        [LATE_EFFECT] = "an effect came after the client gave up",
        [RESET] = "a connection was reset",
        [RESET_WITH_EFFECT] = "a connection was reset after the effect",
        [THROTTLED_FOR] = "429 with Retry-After",
        [THROTTLED_UNTIL] = "429 with a time of reset",
        [THROTTLED_PLAIN] = "429 without either",
        [SERVER_ERROR] = "an error of the server",
        [ERROR_WITH_EFFECT] = "an error of the server after the effect",
        [BROKE_OFF] = "the helpdesk broke off half way",
        [NOT_FOUND_PAGE] = "a page for people",
        [SLOW_BODY] = "a slow answer",
        [TRUNCATED] = "truncated JSON",
        [SPAM_YES] = "a post was taken and swallowed as spam",
        [STORM] = "a storm",
        [UNAUTHORIZED] = "401 in mid-run",
        [SESSION_OVER] = "the helpdesk's sessions ended",
        [PASSWORD_REFUSED] = "the helpdesk refused the password",
        [ERROR_IN_200] = "an error within 200",
        [SAME_KEY_AGAIN] = "a post came again with its key",
        [MEDIA_FETCHED] = "a file was fetched",
        [MEDIA_FAILED] = "the media server failed",
        [MEDIA_ATTACHED] = "a file was attached",
        [MEDIA_MISSING] = "a file was not to be had",
        [DISK_FULL] = "no room on the disk",
        [DISK_WRITE] = "a write failed",
        [DISK_SHORT] = "a short write",
        [DISK_SYNC] = "a sync failed",
        [DISK_FATAL] = "the daemon ended because of its disk",
        [DISK_UNSYNCED] = "unsynced writes were lost",
        [CRASH_DISK] = "crash at a write or commit",
        [CRASH_BEFORE_SEND] = "crash before a request left",
        [CRASH_AFTER_SEND] = "crash when a request had left",
        [CRASH_ANY] = "crash at any moment",
        [CRASH_RECOVERY] = "crash during recovery",
        [CRASH_POWER] = "loss of power",
        [CLOCK_BACK] = "the clock jumped back",
        [CLOCK_FORWARD] = "the clock jumped forward",
        [CLOCK_YEARS] = "the clock jumped by years",
        [ENDED] = "the daemon was asked to end",
        [PAUSED] = "the operator paused",
        [RESUMED] = "the operator resumed",
        [RELOADED] = "the operator reloaded",
        [RETRIED] = "the operator retried",
        [DROPPED] = "the operator dropped",
        [WITHDRAWN] = "the operator withdrew a reply before any attempt",
        [NOTE_PUBLIC] = "a public note",
        [NOTE_INTERNAL] = "an internal note",
        [NOTE_SHOWN] = "a note was made public",
        [NOTE_HIDDEN] = "a note was made internal",
        [MERGED] = "tickets were merged",
        [CLOSED] = "a ticket was closed",
        [REOPENED] = "a ticket was opened again",
        [DELETED_TICKET] = "a ticket was deleted",
        [EDITED] = "a post was edited",
        [DELETED_POST] = "a post was deleted",
        [APP_POST] = "the brand posted by itself",
        [FLOOD] = "a flood of posts",
        [MANY_NETWORKS] = "two networks on one helpdesk",
        [MANY_DESKS] = "two helpdesks",
        [HELD] = "a row was held",
        [DEAD] = "a row was dead",
        [RECOVERED] = "a row was on its way when the daemon died",
        [LEFT_NOTHING] = "an orderly end left no memory behind",
        [IDLE] = "memory stayed the same in idle hours",
        [FORGOTTEN] = "rows were forgotten",
};

void happened(enum happening what)
{
        happenings[what]++;
}

const char *happening_name(enum happening what)
{
        return names[what];
}
