-- Grain state: one row for each grain and each name under which it keeps something. The version is what a writer must have read: of two activations of one
-- grain, the second to write is refused. A cleared state keeps its row and its version, so that a writer from before the clearing is refused as well.

CREATE TABLE IF NOT EXISTS grain_state
(
    service      text        NOT NULL,
    name         text        NOT NULL,
    -- A grain's key is two numbers (a GUID, an integer), a text, or both; a text alone has zeros here.
    key_high     bigint      NOT NULL,
    key_low      bigint      NOT NULL,
    key_text     text        NOT NULL,
    version      integer     NOT NULL,
    body         bytea,
    changed_at   timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (service, name, key_text, key_high, key_low)
);

SELECT set_query('ReadFromStorageKey', $$
SELECT body AS "PayloadBinary", version AS "Version"
FROM grain_state
WHERE service = @ServiceId AND name = @GrainTypeString AND key_text = coalesce(@GrainIdExtensionString, '') AND key_high = @GrainIdN0 AND key_low = @GrainIdN1
$$);

-- No row in the answer means that the version was not the expected one. A first write expects that there is no row at all.
SELECT set_query('WriteToStorageKey', $$
WITH changed AS (
    UPDATE grain_state SET body = @PayloadBinary, version = version + 1, changed_at = now()
    WHERE service = @ServiceId AND name = @GrainTypeString AND key_text = coalesce(@GrainIdExtensionString, '') AND key_high = @GrainIdN0 AND key_low = @GrainIdN1
      AND version = @GrainStateVersion
    RETURNING version
), added AS (
    INSERT INTO grain_state (service, name, key_high, key_low, key_text, version, body)
    SELECT @ServiceId, @GrainTypeString, @GrainIdN0, @GrainIdN1, coalesce(@GrainIdExtensionString, ''), 1, @PayloadBinary
    WHERE @GrainStateVersion IS NULL
    ON CONFLICT DO NOTHING
    RETURNING version
)
SELECT version AS "NewGrainStateVersion" FROM changed UNION ALL SELECT version FROM added
$$);

SELECT set_query('ClearStorageKey', $$
UPDATE grain_state SET body = NULL, version = version + 1, changed_at = now()
WHERE service = @ServiceId AND name = @GrainTypeString AND key_text = coalesce(@GrainIdExtensionString, '') AND key_high = @GrainIdN0 AND key_low = @GrainIdN1
  AND version = @GrainStateVersion
RETURNING version AS "NewGrainStateVersion"
$$);

-- The answer must differ from the version that the caller knows.
SELECT set_query('DeleteStorageKey', $$
DELETE FROM grain_state
WHERE service = @ServiceId AND name = @GrainTypeString AND key_text = coalesce(@GrainIdExtensionString, '') AND key_high = @GrainIdN0 AND key_low = @GrainIdN1
  AND version = @GrainStateVersion
RETURNING version + 1 AS "NewGrainStateVersion"
$$);
