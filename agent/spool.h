/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * spool.h - the agent's journal with what makes its records readable: dictionary and
 * boots
 *
 * Measuring never waits for it: on a full disk a round is counted as lost and said so,
 * and the next round tries again. Threads: the loop's only.
 */
#ifndef AGENT_SPOOL_H
#define AGENT_SPOOL_H

#include "libnhip/journal.h"
#include "libnhip/reading.h"
#include "libnhip/record.h"

struct event_base;
struct spool;

struct spool_facts {
    struct nh_journal_stats journal;
    uint64_t lost_rounds; /* records that could not be written, this run */
    bool failing;         /* the last write failed */
};

/* Without `memory_dir` each record is synced as soon as the one before it is, by a worker
 * whose end `base` hears of. NH_ELOCKED: another agent runs. Others as nh_journal_open().
 */
enum nh_err spool_open(struct spool **out, struct event_base *base, const char *dir,
    const char *memory_dir, uint64_t max_bytes, const char *quarantine_dir) NH_MUST_CHECK;
void spool_close(struct spool *sp);

struct nh_journal *spool_journal(struct spool *sp);
struct nh_dict *spool_dict(struct spool *sp);
/* The boot that wrote `epoch`; NULL: not known. */
const struct nh_boot *spool_boot(const struct spool *sp, uint32_t epoch);

/* One round, or one event, as records. Failures are logged and counted here. */
void spool_readings(struct spool *sp, struct nh_reading *readings, size_t count);
/* *pos, which may be NULL: where the event went. */
enum nh_err spool_event(struct spool *sp, const struct nh_event *event, uint64_t *pos);
/* Make safe from a power cut what was appended, as far as can be done at once: the
 * position up to which all of it is. With `memory_dir` it waits for the disk; without,
 * each record is on its way there already. */
uint64_t spool_secure(struct spool *sp);
void spool_tick(struct spool *sp);
int64_t spool_spill_due_ms(struct spool *sp); /* see nh_journal_spill_due_ms() */
/* Leave the stream for a new one: it is another's too (cloned disk, old backup). */
enum nh_err spool_new_stream(struct spool *sp) NH_MUST_CHECK;
/* Keep a record that the collector will never accept, apart from the rest. */
void spool_quarantine(struct spool *sp, uint64_t pos, uint8_t code);
/* The chain value at `pos`; false: that record is gone. */
bool spool_chain_at(struct spool *sp, uint64_t pos, uint32_t *chain);
/* Records after `pos` that are still held. */
uint64_t spool_after(const struct spool *sp, uint64_t pos);
void spool_facts(const struct spool *sp, struct spool_facts *out);

#endif
