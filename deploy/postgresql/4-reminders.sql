-- Reminders: which grain is to be woken when. Each silo of a cluster looks after a range of the grains' hashes, read as signed numbers.

CREATE TABLE IF NOT EXISTS reminder
(
    service    text        NOT NULL,
    grain      text        NOT NULL,
    name       text        NOT NULL,
    hash       integer     NOT NULL,
    first_at   timestamptz NOT NULL,
    period_ms  bigint      NOT NULL,
    version    integer     NOT NULL,
    PRIMARY KEY (service, grain, name)
);

CREATE INDEX IF NOT EXISTS reminder_by_hash ON reminder (service, hash);

-- Columns as the provider names them.
CREATE OR REPLACE VIEW reminder_row AS
SELECT service, hash, grain AS "GrainId", name AS "ReminderName", first_at AS "StartTime", period_ms AS "Period", version AS "Version"
FROM reminder;

SELECT set_query('ReadReminderRowsKey', $$
SELECT * FROM reminder_row WHERE service = @ServiceId AND "GrainId" = @GrainId
$$);

SELECT set_query('ReadReminderRowKey', $$
SELECT * FROM reminder_row WHERE service = @ServiceId AND "GrainId" = @GrainId AND "ReminderName" = @ReminderName
$$);

-- A range begins after its first hash and ends with its last; the second form is a range that runs over the end of the numbers, or the whole circle.
SELECT set_query('ReadRangeRows1Key', $$
SELECT * FROM reminder_row WHERE service = @ServiceId AND hash > @BeginHash AND hash <= @EndHash
$$);

SELECT set_query('ReadRangeRows2Key', $$
SELECT * FROM reminder_row WHERE service = @ServiceId AND (hash > @BeginHash OR hash <= @EndHash)
$$);

SELECT set_query('UpsertReminderRowKey', $$
INSERT INTO reminder (service, grain, name, hash, first_at, period_ms, version)
VALUES (@ServiceId, @GrainId, @ReminderName, @GrainHash, @StartTime, @Period, 1)
ON CONFLICT (service, grain, name) DO UPDATE SET first_at = excluded.first_at, period_ms = excluded.period_ms, hash = excluded.hash, version = reminder.version + 1
RETURNING version AS "Version"
$$);

SELECT set_query('DeleteReminderRowKey', $$
WITH gone AS (
    DELETE FROM reminder WHERE service = @ServiceId AND grain = @GrainId AND name = @ReminderName AND version = @Version RETURNING grain
)
SELECT EXISTS (SELECT FROM gone)
$$);

SELECT set_query('DeleteReminderRowsKey', $$
DELETE FROM reminder WHERE service = @ServiceId
$$);

-- The last file: what came before it is complete.
INSERT INTO cluster_schema (version) VALUES (1) ON CONFLICT DO NOTHING;
