-- The silos of each cluster and the version of their list. Every change of the list raises the version and names the version that it was decided on:
-- of two silos that decide at the same moment, one is refused and decides again.

CREATE TABLE IF NOT EXISTS member_list
(
    cluster text PRIMARY KEY,
    version integer NOT NULL DEFAULT 0
);

CREATE TABLE IF NOT EXISTS member
(
    cluster       text        NOT NULL REFERENCES member_list ON DELETE CASCADE,
    address       text        NOT NULL,
    port          integer     NOT NULL,
    generation    integer     NOT NULL,
    silo_name     text        NOT NULL,
    host_name     text        NOT NULL,
    -- 3 is active, 6 is dead.
    status        integer     NOT NULL,
    gateway_port  integer     NOT NULL,
    suspect_times text,
    started_at    timestamptz NOT NULL,
    alive_at      timestamptz NOT NULL,
    PRIMARY KEY (cluster, address, port, generation)
);

-- Columns as the providers name them. A list without members is one row without a start time.
CREATE OR REPLACE VIEW member_row AS
SELECT list.cluster,
       list.version       AS "Version",
       member.address     AS "Address",
       member.port        AS "Port",
       member.generation  AS "Generation",
       member.silo_name   AS "SiloName",
       member.host_name   AS "HostName",
       member.status      AS "Status",
       member.gateway_port AS "ProxyPort",
       member.suspect_times AS "SuspectTimes",
       member.started_at  AS "StartTime",
       member.alive_at    AS "IAmAliveTime"
FROM member_list list
         LEFT JOIN member ON member.cluster = list.cluster;

SELECT set_query('InsertMembershipVersionKey', $$
WITH created AS (INSERT INTO member_list (cluster) VALUES (@DeploymentId) ON CONFLICT DO NOTHING RETURNING cluster)
SELECT EXISTS (SELECT FROM created)
$$);

SELECT set_query('MembershipReadAllKey', $$
SELECT * FROM member_row WHERE cluster = @DeploymentId
$$);

-- A silo that is not in the list is one row with the version alone.
SELECT set_query('MembershipReadRowKey', $$
SELECT list.version AS "Version", found."Address", found."Port", found."Generation", found."SiloName", found."HostName", found."Status", found."ProxyPort",
       found."SuspectTimes", found."StartTime", found."IAmAliveTime"
FROM member_list list
LEFT JOIN member_row found ON found.cluster = list.cluster AND found."Address" = @Address AND found."Port" = @Port AND found."Generation" = @Generation
WHERE list.cluster = @DeploymentId
$$);

-- The version is compared and raised in the same statement that changes the row, so that both happen or neither. Whoever adds a row raises the version too:
-- while the version still is the expected one, no row has come since it was read.
SELECT set_query('InsertMembershipKey', $$
WITH raised AS (
    UPDATE member_list SET version = version + 1
    WHERE cluster = @DeploymentId AND version = @Version
      AND NOT EXISTS (SELECT FROM member WHERE cluster = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
    RETURNING cluster
), added AS (
    INSERT INTO member (cluster, address, port, generation, silo_name, host_name, status, gateway_port, started_at, alive_at)
    SELECT cluster, @Address, @Port, @Generation, @SiloName, @HostName, @Status, @ProxyPort, @StartTime, @IAmAliveTime FROM raised
    RETURNING cluster
)
SELECT EXISTS (SELECT FROM added)
$$);

SELECT set_query('UpdateMembershipKey', $$
WITH raised AS (
    UPDATE member_list SET version = version + 1
    WHERE cluster = @DeploymentId AND version = @Version
      AND EXISTS (SELECT FROM member WHERE cluster = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation)
    RETURNING cluster
), changed AS (
    UPDATE member SET status = @Status, suspect_times = @SuspectTimes, alive_at = @IAmAliveTime
    FROM raised
    WHERE member.cluster = raised.cluster AND address = @Address AND port = @Port AND generation = @Generation
    RETURNING member.cluster
)
SELECT EXISTS (SELECT FROM changed)
$$);

-- A sign of life changes nothing that anybody decides on: it leaves the version alone.
SELECT set_query('UpdateIAmAlivetimeKey', $$
UPDATE member SET alive_at = @IAmAliveTime WHERE cluster = @DeploymentId AND address = @Address AND port = @Port AND generation = @Generation
$$);

SELECT set_query('DeleteMembershipTableEntriesKey', $$
DELETE FROM member_list WHERE cluster = @DeploymentId
$$);

SELECT set_query('CleanupDefunctSiloEntriesKey', $$
DELETE FROM member WHERE cluster = @DeploymentId AND alive_at < @IAmAliveTime AND status = 6
$$);

-- Where clients connect to.
SELECT set_query('GatewaysQueryKey', $$
SELECT address AS "Address", gateway_port AS "ProxyPort", generation AS "Generation"
FROM member WHERE cluster = @DeploymentId AND status = @Status AND gateway_port > 0
$$);
