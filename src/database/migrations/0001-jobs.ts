/**
 * Jobs, the steps they are made of, their logs and timings, the workers that run them and the schedules that start
 * them. All times are the database's own, so that machines with other clocks agree.
 */
export const jobsMigration = {
  number: 1,
  name: "jobs",
  sql: `
create table alphaloom.job (
  id text primary key,
  number integer generated always as identity,
  kind text not null,
  name text,
  payload jsonb not null,
  state text not null default 'queued'
    check (state in ('queued', 'running', 'completed', 'completed_with_errors', 'failed', 'cancelled')),
  exclusive_key text,
  created_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  counting_since timestamptz,
  cancel_requested_at timestamptz,
  retries integer not null default 0,
  retry_limit integer not null,
  totals jsonb,
  plan_state jsonb,
  summary jsonb,
  error jsonb,
  last_seq integer not null default 0
);
create unique index job_number on alphaloom.job (number);
create unique index job_exclusive on alphaloom.job (exclusive_key) where state in ('queued', 'running');
create index job_active on alphaloom.job (state) where state in ('queued', 'running');

create table alphaloom.step (
  job_id text not null references alphaloom.job on delete cascade,
  part text not null check (part in ('plan', 'shard', 'finish')),
  ordinal integer not null,
  work double precision not null,
  input jsonb,
  state text not null default 'queued' check (state in ('queued', 'running', 'completed', 'failed')),
  message uuid not null,
  queued_at timestamptz not null default now(),
  attempt integer not null default 0,
  errors integer not null default 0,
  deaths integer not null default 0,
  claim uuid,
  worker uuid,
  started_at timestamptz,
  finished_at timestamptz,
  progress jsonb,
  fraction double precision,
  result jsonb,
  done jsonb,
  failures integer not null default 0,
  is_adopted boolean not null default false,
  error jsonb,
  primary key (job_id, part, ordinal)
);
create index step_running on alphaloom.step (worker) where state = 'running';
create index step_queued on alphaloom.step (queued_at) where state = 'queued';

create table alphaloom.job_log (
  job_id text not null references alphaloom.job on delete cascade,
  seq integer not null,
  at timestamptz not null,
  level smallint not null,
  subject text,
  message text not null,
  data jsonb,
  primary key (job_id, seq)
);
create index job_log_subject on alphaloom.job_log (job_id, subject, seq);

create table alphaloom.job_timing (
  job_id text not null references alphaloom.job on delete cascade,
  subject text not null,
  milliseconds double precision not null,
  count integer not null,
  primary key (job_id, subject)
);

create table alphaloom.worker (
  id uuid primary key,
  process text not null,
  host text not null,
  pid integer not null,
  holder jsonb,
  started_at timestamptz not null default now(),
  heartbeat_at timestamptz not null default now(),
  slots integer not null,
  memory_bytes double precision not null,
  cpu_percent double precision not null
);

create table alphaloom.schedule (
  id text primary key,
  kind text not null,
  payload jsonb not null,
  cron text not null,
  time_zone text not null,
  is_enabled boolean not null,
  last_at timestamptz,
  last_job text,
  last_error jsonb
);
`,
} as const;
