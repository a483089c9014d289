/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * job.c - worker threads behind one mutex, and an eventfd that brings their results home
 *
 * A job is in one of two lists at any time, `waiting` or `ended`, or in the hands of one
 * worker. Workers take from the first and append to the second; the loop empties the
 * second.
 */
#include "libnhip/job.h"
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct job {
    struct job *next;
    void (*run)(void *arg);
    void (*done)(void *arg, bool cancelled);
    void *arg;
};

struct job_list {
    struct job *first, **last;
};

struct nh_jobs {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct job_list waiting, ended; /* owned; under lock */
    bool stopping;                  /* under lock */
    int wake_fd;
    struct event *wake;
    unsigned thread_count;
    pthread_t threads[];
};

static void
list_init(struct job_list *list)
{
    list->first = NULL;
    list->last = &list->first;
}

static void
list_add(struct job_list *list, struct job *job)
{
    job->next = NULL;
    *list->last = job;
    list->last = &job->next;
}

static struct job *
list_take(struct job_list *list)
{
    struct job *job = list->first;

    if (job == NULL)
        return NULL;
    list->first = job->next;
    if (list->first == NULL)
        list->last = &list->first;
    return job;
}

static void *
worker(void *arg)
{
    struct nh_jobs *jobs = arg;
    const uint64_t one = 1;
    struct job *job;

    pthread_mutex_lock(&jobs->lock);
    while (true) {
        while (!jobs->stopping && jobs->waiting.first == NULL)
            pthread_cond_wait(&jobs->more, &jobs->lock);
        if (jobs->stopping)
            break;
        job = list_take(&jobs->waiting);
        pthread_mutex_unlock(&jobs->lock);
        job->run(job->arg);
        pthread_mutex_lock(&jobs->lock);
        list_add(&jobs->ended, job);
        if (write(jobs->wake_fd, &one, sizeof(one)) < 0)
            abort(); /* an eventfd takes 2^64 - 2 of these */
    }
    pthread_mutex_unlock(&jobs->lock);
    return NULL;
}

static void
tell_ended(struct nh_jobs *jobs)
{
    struct job *job;

    while (true) {
        pthread_mutex_lock(&jobs->lock);
        job = list_take(&jobs->ended);
        pthread_mutex_unlock(&jobs->lock);
        if (job == NULL)
            return;
        job->done(job->arg, false);
        free(job);
    }
}

static void
on_jobs_wake(evutil_socket_t fd, short what, void *arg)
{
    uint64_t count;

    (void)what;
    if (read(fd, &count, sizeof(count)) < 0)
        return; /* woken for nothing */
    tell_ended(arg);
}

enum nh_err
nh_jobs_new(struct nh_jobs **out, struct event_base *base, unsigned threads)
{
    struct nh_jobs *jobs = calloc(1, sizeof(*jobs) + threads * sizeof(jobs->threads[0]));
    sigset_t all, before;
    enum nh_err err = NH_ENOMEM;

    *out = NULL;
    if (jobs == NULL)
        return NH_ENOMEM;
    pthread_mutex_init(&jobs->lock, NULL);
    pthread_cond_init(&jobs->more, NULL);
    list_init(&jobs->waiting);
    list_init(&jobs->ended);
    jobs->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (jobs->wake_fd >= 0)
        jobs->wake =
            event_new(base, jobs->wake_fd, EV_READ | EV_PERSIST, on_jobs_wake, jobs);
    if (jobs->wake == NULL || event_add(jobs->wake, NULL) != 0)
        goto out;
    /* signals are the loop's: libevent's handler must run on its thread */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    while (jobs->thread_count < threads &&
           pthread_create(&jobs->threads[jobs->thread_count], NULL, worker, jobs) == 0)
        jobs->thread_count++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (jobs->thread_count < threads)
        goto out;
    *out = jobs;
    jobs = NULL;
    err = NH_OK;
out:
    nh_jobs_free(jobs);
    return err;
}

void
nh_jobs_free(struct nh_jobs *jobs)
{
    struct job *job;

    if (jobs == NULL)
        return;
    pthread_mutex_lock(&jobs->lock);
    jobs->stopping = true;
    pthread_cond_broadcast(&jobs->more);
    pthread_mutex_unlock(&jobs->lock);
    for (unsigned i = 0; i < jobs->thread_count; i++)
        pthread_join(jobs->threads[i], NULL);
    tell_ended(jobs);
    while ((job = list_take(&jobs->waiting)) != NULL) {
        job->done(job->arg, true);
        free(job);
    }
    if (jobs->wake != NULL)
        event_free(jobs->wake);
    if (jobs->wake_fd >= 0)
        close(jobs->wake_fd);
    pthread_cond_destroy(&jobs->more);
    pthread_mutex_destroy(&jobs->lock);
    free(jobs);
}

enum nh_err
nh_jobs_add(struct nh_jobs *jobs, void (*run)(void *arg),
    void (*done)(void *arg, bool cancelled), void *arg)
{
    struct job *job = calloc(1, sizeof(*job));

    if (job == NULL)
        return NH_ENOMEM;
    job->run = run;
    job->done = done;
    job->arg = arg;
    pthread_mutex_lock(&jobs->lock);
    list_add(&jobs->waiting, job);
    pthread_cond_signal(&jobs->more);
    pthread_mutex_unlock(&jobs->lock);
    return NH_OK;
}
