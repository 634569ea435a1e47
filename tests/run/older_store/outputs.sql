-- A store up to the migration 'outputs', with a run that was interrupted.
PRAGMA application_id = 1819242612;
BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'leanopt','first','2026-11-27 12:11:32.966359+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'leanopt','states','2026-11-27 12:11:32.967404+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'leanopt','outputs','2026-11-27 12:11:32.967699+00:00');
CREATE TABLE backtests (
  id INTEGER PRIMARY KEY,
  key BLOB NOT NULL,                  -- the first 16 bytes of the content key
  run_id INTEGER REFERENCES runs(id), -- where it was run, NULL where that was deleted
  scenario_id INTEGER REFERENCES scenarios(id),
  statistics TEXT,                    -- canonical JSON
  failure TEXT,                       -- the category
  message TEXT,
  closed_trades INTEGER,
  outputs TEXT,                       -- asked for beside the statistics, with commas
  attempts INTEGER NOT NULL,
  seconds REAL,
  worker INTEGER,                     -- the number of the one that had it last
  finished_at INTEGER NOT NULL        -- seconds since 1970 UTC
);
INSERT INTO "backtests" VALUES(1,X'54DEF29EB873073A8D0C8594BC46BC68',1,1,'{"Sharpe Ratio":0.7333333333333333,"Total Orders":33.0}',NULL,NULL,NULL,'equity',1,9.77923499885946512222e-03,1,1795781494);
INSERT INTO "backtests" VALUES(2,X'466E923825DD77AAFA3589333EEC5661',1,1,'{"Sharpe Ratio":1.2333333333333332,"Total Orders":28.0}',NULL,NULL,NULL,'equity',1,7.30499399651307612657e-03,1,1795781494);
INSERT INTO "backtests" VALUES(3,X'E2ECBA6BD6C98C533B555CA4D504C0F2',1,1,'{"Sharpe Ratio":0.8333333333333334,"Total Orders":32.0}',NULL,NULL,NULL,'equity',1,1.16715900003327988088e-02,1,1795781494);
INSERT INTO "backtests" VALUES(4,X'51D9F9AAD10C5D12DA4EAF143F25A108',1,1,'{"Sharpe Ratio":1.3,"Total Orders":15.0}',NULL,NULL,NULL,'equity',1,3.31251299940049648284e-03,1,1795781494);
INSERT INTO "backtests" VALUES(5,X'CE553D4F2D4BD6394A134E2D7958A8E0',1,1,'{"Sharpe Ratio":0.23333333333333328,"Total Orders":33.0}',NULL,NULL,NULL,'equity',1,1.24941910034976899623e-02,1,1795781494);
INSERT INTO "backtests" VALUES(6,X'C1151EC06CABC780AC869B40E219D7B8',1,1,'{"Sharpe Ratio":1.4,"Total Orders":28.0}',NULL,NULL,NULL,'equity',1,7.25557099940488114953e-03,1,1795781494);
INSERT INTO "backtests" VALUES(7,X'A464EBA7589594FF9CEF8B8707597BC0',1,1,'{"Sharpe Ratio":-0.03333333333333327,"Total Orders":39.0}',NULL,NULL,NULL,'equity',1,2.06664009965606965124e-02,1,1795781494);
INSERT INTO "backtests" VALUES(8,X'345EE3B57AB507BD4B3C177F27AD38C7',1,1,NULL,'strategy error','ValueError: fast is 7 (strategy.py:11)',NULL,'equity',1,1.80151200038380920886e-03,1,1795781494);
INSERT INTO "backtests" VALUES(9,X'C9780E7648AC34CA20D90E248EDFB593',1,1,'{"Sharpe Ratio":-0.3666666666666666,"Total Orders":39.0}',NULL,NULL,NULL,'equity',1,5.50926099822390824556e-03,1,1795781494);
INSERT INTO "backtests" VALUES(10,X'C63CACA59879D4E2F4336A0CEF107092',1,1,'{"Sharpe Ratio":-0.30000000000000004,"Total Orders":40.0}',NULL,NULL,NULL,'equity',1,1.87748659955104812979e-02,1,1795781494);
INSERT INTO "backtests" VALUES(11,X'A37193A00ED668B5149F6FA0FEE66EE5',1,1,'{"Sharpe Ratio":0.5333333333333333,"Total Orders":30.0}',NULL,NULL,NULL,'equity',1,0.00540193200140493,1,1795781494);
INSERT INTO "backtests" VALUES(12,X'8096283B7B672899F016B5F34D3A528A',1,1,'{"Sharpe Ratio":0.5666666666666665,"Total Orders":4.0}',NULL,NULL,NULL,'equity',1,3.94943699939176440238e-03,2,1795781494);
INSERT INTO "backtests" VALUES(13,X'0C90CFDAFA3E0C3C6CDD9FE634298E8C',1,1,NULL,'strategy error','ValueError: fast is 21 (strategy.py:11)',NULL,'equity',1,4.40049600001657381653e-03,1,1795781494);
INSERT INTO "backtests" VALUES(14,X'4C160553C463B09E9D3DAA5CAFD1F19C',1,1,'{"Sharpe Ratio":0.9666666666666668,"Total Orders":29.0}',NULL,NULL,NULL,'equity',1,2.75333259996841661632e-02,1,1795781494);
INSERT INTO "backtests" VALUES(15,X'03902CC8E91AE86E76A0B2D68EEB0E37',1,1,'{"Sharpe Ratio":0.9666666666666667,"Total Orders":20.0}',NULL,NULL,NULL,'equity',1,2.90875909995520487427e-02,2,1795781494);
INSERT INTO "backtests" VALUES(16,X'6911CF747BD812F9E9400AD4C137E549',1,1,'{"Sharpe Ratio":1.5333333333333332,"Total Orders":19.0}',NULL,NULL,NULL,'equity',1,2.09404970009927637875e-02,1,1795781494);
INSERT INTO "backtests" VALUES(17,X'EAAE2A657110177F39A29F0A9BB16B54',1,1,'{"Sharpe Ratio":0.16666666666666663,"Total Orders":4.0}',NULL,NULL,NULL,'equity',1,4.36337002611253410577e-04,1,1795781494);
INSERT INTO "backtests" VALUES(18,X'D4968B78A7907E1540DF03C0647E411E',1,1,'{"Sharpe Ratio":1.3,"Total Orders":20.0}',NULL,NULL,NULL,'equity',1,5.91455199901247397065e-03,1,1795781494);
INSERT INTO "backtests" VALUES(19,X'69F725CF441804E04D23EB812AD3F408',1,1,'{"Sharpe Ratio":1.7333333333333332,"Total Orders":23.0}',NULL,NULL,NULL,'equity',1,0.00647494299482787,2,1795781494);
INSERT INTO "backtests" VALUES(20,X'80274CADE5D0E73B66A677E899CC5DB4',1,1,'{"Sharpe Ratio":1.7333333333333332,"Total Orders":23.0}',NULL,NULL,NULL,'equity',1,1.45625980003387667238e-02,1,1795781494);
INSERT INTO "backtests" VALUES(21,X'88BC4FCA6307CF5B14D66EFF0CC85EF5',1,1,'{"Sharpe Ratio":0.033333333333333326,"Total Orders":35.0}',NULL,NULL,NULL,'equity',1,1.27500200032955035567e-02,2,1795781494);
INSERT INTO "backtests" VALUES(22,X'893D889399A12CC47DC0FF64B9BB06EE',1,1,'{"Sharpe Ratio":1.0333333333333332,"Total Orders":25.0}',NULL,NULL,NULL,'equity',1,1.79716149941668845713e-02,1,1795781494);
INSERT INTO "backtests" VALUES(23,X'C686119FBD22F9E01E66168A1C97EA4D',1,1,'{"Sharpe Ratio":0.8666666666666667,"Total Orders":30.0}',NULL,NULL,NULL,'equity',1,1.80095010000513866543e-02,2,1795781494);
INSERT INTO "backtests" VALUES(24,X'C2FDE54F60F85BD2DDE5DD464774177B',1,1,'{"Sharpe Ratio":0.23333333333333328,"Total Orders":33.0}',NULL,NULL,NULL,'equity',1,1.18850869985180906951e-02,2,1795781494);
INSERT INTO "backtests" VALUES(25,X'31E5C343EBF9CE2BC2120A0A54430688',1,1,'{"Sharpe Ratio":0.7,"Total Orders":14.0}',NULL,NULL,NULL,'equity',1,1.20349290009471587836e-02,1,1795781494);
INSERT INTO "backtests" VALUES(26,X'1B4BB70C7749FCE6D97DFB68784C940F',1,1,NULL,'strategy error','ValueError: fast is 7 (strategy.py:11)',NULL,'equity',1,1.1964685996645130217e-02,1,1795781494);
INSERT INTO "backtests" VALUES(27,X'DCB122DC1F7C6E7F9C65EDF85AC8B492',1,1,'{"Sharpe Ratio":1.1666666666666667,"Total Orders":27.0}',NULL,NULL,NULL,'equity',1,1.21055839990731328725e-02,2,1795781494);
CREATE TABLE calendars (
  id INTEGER PRIMARY KEY,
  hash BLOB NOT NULL UNIQUE,          -- SHA-256 of the days
  days BLOB NOT NULL,                 -- differences of day numbers, int32, zlib
  count INTEGER NOT NULL,
  first_day TEXT,
  last_day TEXT
);
CREATE TABLE closed_trades (
  backtest_id INTEGER PRIMARY KEY REFERENCES backtests(id),
  trades BLOB NOT NULL                -- JSON, a list for each trade, zlib
);
CREATE TABLE counters (name TEXT PRIMARY KEY, next INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO "counters" VALUES('backtests',257);
CREATE TABLE equity_curves (
  backtest_id INTEGER PRIMARY KEY REFERENCES backtests(id),
  times BLOB NOT NULL,                -- differences of seconds since 1970 UTC, int64, zlib
  points BLOB NOT NULL                -- the value at each, float64, zlib
);
CREATE TABLE evaluations (
  search_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  ordinal INTEGER NOT NULL,           -- the scenario's
  backtest_id INTEGER NOT NULL REFERENCES backtests(id),
  PRIMARY KEY (search_id, number, ordinal),
  FOREIGN KEY (search_id, number) REFERENCES trials(search_id, number)
) WITHOUT ROWID;
INSERT INTO "evaluations" VALUES(1,1,0,1);
INSERT INTO "evaluations" VALUES(1,2,0,2);
INSERT INTO "evaluations" VALUES(1,3,0,3);
INSERT INTO "evaluations" VALUES(1,4,0,4);
INSERT INTO "evaluations" VALUES(1,5,0,5);
INSERT INTO "evaluations" VALUES(1,6,0,6);
INSERT INTO "evaluations" VALUES(1,7,0,7);
INSERT INTO "evaluations" VALUES(1,8,0,8);
INSERT INTO "evaluations" VALUES(1,9,0,9);
INSERT INTO "evaluations" VALUES(1,10,0,10);
INSERT INTO "evaluations" VALUES(1,11,0,11);
INSERT INTO "evaluations" VALUES(1,12,0,12);
INSERT INTO "evaluations" VALUES(1,13,0,13);
INSERT INTO "evaluations" VALUES(1,14,0,15);
INSERT INTO "evaluations" VALUES(1,15,0,14);
INSERT INTO "evaluations" VALUES(1,16,0,16);
INSERT INTO "evaluations" VALUES(1,17,0,19);
INSERT INTO "evaluations" VALUES(1,18,0,17);
INSERT INTO "evaluations" VALUES(1,19,0,18);
INSERT INTO "evaluations" VALUES(1,20,0,20);
INSERT INTO "evaluations" VALUES(1,21,0,21);
INSERT INTO "evaluations" VALUES(1,22,0,22);
INSERT INTO "evaluations" VALUES(1,23,0,23);
INSERT INTO "evaluations" VALUES(1,24,0,25);
INSERT INTO "evaluations" VALUES(1,25,0,24);
INSERT INTO "evaluations" VALUES(1,26,0,27);
INSERT INTO "evaluations" VALUES(1,27,0,26);
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES runs(id),
  search_id INTEGER REFERENCES searches(id),
  stage_id INTEGER REFERENCES stages(id),
  number INTEGER,                     -- the trial after which it happened
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,               -- JSON
  happened_at TEXT NOT NULL
);
CREATE TABLE file_hashes (
  path TEXT PRIMARY KEY,
  size INTEGER NOT NULL,
  mtime_ns INTEGER NOT NULL,
  ctime_ns INTEGER NOT NULL,
  inode INTEGER NOT NULL,
  sha256 TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE returns (
  backtest_id INTEGER PRIMARY KEY REFERENCES backtests(id),
  calendar_id INTEGER NOT NULL REFERENCES calendars(id),
  daily BLOB NOT NULL,                -- float32, zlib
  ended TEXT                          -- why the series stops before the curve does
);
CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  pipeline TEXT NOT NULL,
  number INTEGER NOT NULL,            -- counts the runs of this pipeline, from 1
  strategy TEXT NOT NULL,             -- its stable identity, across edits
  plan_hash TEXT NOT NULL,
  plan TEXT NOT NULL,                 -- the search plan, canonical JSON
  execution TEXT NOT NULL,            -- what does not decide the trials, JSON
  state TEXT NOT NULL CHECK (state IN ('running', 'finished', 'interrupted', 'failed')),
  started_at TEXT NOT NULL,           -- UTC, ISO 8601
  finished_at TEXT,
  UNIQUE (pipeline, number)
);
INSERT INTO "runs" VALUES(1,'before-1','before',1,'before','61e3cf8aa144565e3def50adaafd1615baa74c7e87d63c15044ed2c7ec0a3b40','{"data":null,"engine":"python","lookahead":4,"scenarios":[{"name":"default"}],"scoring":{"constraints":["Total Orders >= 5"],"fitness":{"distribution":"leanopt-statistic","name":"statistic","options":{"aggregate":"mean","direction":"max","statistic":"Sharpe Ratio","target":null},"version":"0.1.0"}},"searches":[{"name":"main","number":1,"scenarios":["default"],"seed":2924556993494961052}],"seed":3,"source":"b99078d98e740e9d2916b31d925d917d0e010ed16f20fd925f6aa82af66e1dac","space":{"axes":[{"kind":"int","max":30,"min":1,"name":"fast","step":1},{"kind":"int","max":60,"min":10,"name":"slow","step":5}],"constraints":[],"fixed":{}},"stages":[{"method":{"distribution":"leanopt-random","name":"random","options":{},"version":"0.1.0"},"min_delta":0.0,"name":"random","patience":null,"seed_from":null,"target":null,"trials":16},{"method":{"distribution":"leanopt-ga-deap","name":"ga_deap","options":{"batch_size":15,"crossover_prob":0.95,"early_stopping_generations":15,"early_stopping_min_delta":0.01,"final_population_size":20,"mutation_prob":0.05,"n_generations":73,"n_seeds":10,"population_size":125,"restart":true,"tournament_size":3},"version":"0.1.0"},"min_delta":0.0,"name":"ga_deap","patience":null,"seed_from":null,"target":null,"trials":64}],"version":1}','{"build":{"files":"strategy.py","identity":"389ffbc2e423e490b8428db418c4802dcdd1186a08ae1993dc1250ef1e566abb","python":"cpython 3.11.7"},"curves":"daily","durability":"process","executor":{"nice":0,"threads":1,"use":"process"},"folder":"/home/someone/project","keep":"none","launch":{"command":["/home/someone/.venv/bin/python","/home/someone/leanopt/harness/python/leanopt_harness","serve","--entry","/home/someone/project/strategy.py:run"],"environment":{},"placeholders":{"build":"/home/someone/project","harness":"/home/someone/leanopt/harness/python/leanopt_harness","python":"/home/someone/.venv/bin/python","scratch":"."}},"memory_limit":null,"recycle_after":null,"recycle_growth":null,"retries":2,"runtime":{"platform":"linux x86_64","python":"CPython 3.11.7"},"sinks":[],"start_patience":120.0,"strategy":{"data":null,"engine":"python","entry":"strategy.py:run","python":null},"time_limit":null,"workers":2,"hello":{"abilities":["equity","inline","read","statistics","trades"],"engine":"python","protocol":1},"read_types":{}}','interrupted','2026-11-27T12:11:33+00:00','2026-11-27T12:11:34+00:00');
CREATE TABLE scenarios (
  id INTEGER PRIMARY KEY,
  search_id INTEGER NOT NULL REFERENCES searches(id),
  ordinal INTEGER NOT NULL,           -- its place in the search, from 0
  name TEXT NOT NULL,
  definition TEXT NOT NULL,           -- canonical JSON
  UNIQUE (search_id, ordinal)
);
INSERT INTO "scenarios" VALUES(1,1,0,'default','{"name":"default"}');
CREATE TABLE searches (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES runs(id),
  number INTEGER NOT NULL,            -- within the run, from 1
  name TEXT NOT NULL,
  seed INTEGER NOT NULL,
  direction TEXT NOT NULL CHECK (direction IN ('max', 'min')),
  ended TEXT,                         -- why
  told INTEGER NOT NULL DEFAULT 0,    -- kept beside the trials: counting a million takes long
  withdrawn INTEGER NOT NULL DEFAULT 0,
  best INTEGER,                       -- the number of the trial that ranks first
  UNIQUE (run_id, number)
);
INSERT INTO "searches" VALUES(1,1,1,'main',2924556993494961052,'max',NULL,25,0,17);
CREATE TABLE stages (
  id INTEGER PRIMARY KEY,
  search_id INTEGER NOT NULL REFERENCES searches(id),
  position INTEGER NOT NULL,          -- its place in the search, from 0
  name TEXT NOT NULL,
  method TEXT NOT NULL,
  distribution TEXT NOT NULL,
  version TEXT NOT NULL,
  trials INTEGER,                     -- its budget
  ended TEXT,                         -- why
  UNIQUE (search_id, position)
);
INSERT INTO "stages" VALUES(1,1,0,'random','random','leanopt-random','0.1.0',16,'trials');
INSERT INTO "stages" VALUES(2,1,1,'ga_deap','ga_deap','leanopt-ga-deap','0.1.0',64,NULL);
CREATE TABLE trials (
  search_id INTEGER NOT NULL REFERENCES searches(id),
  number INTEGER NOT NULL,            -- within the search, from 1
  stage_id INTEGER NOT NULL REFERENCES stages(id),
  grid_index NOT NULL,                -- the point's place in the whole grid
  parameters TEXT NOT NULL,           -- JSON, numbers exact
  origin TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  told_before INTEGER NOT NULL,       -- trials of its stage told when it was proposed
  state TEXT NOT NULL CHECK (state IN ('proposed', 'completed', 'failed', 'withdrawn')),
  fitness REAL,
  violation REAL,                     -- 0 where every constraint holds, NULL until told
  failure TEXT,                       -- the category
  detail TEXT,                        -- JSON: reasons, values, violations, those there are
  PRIMARY KEY (search_id, number)
) WITHOUT ROWID;
INSERT INTO "trials" VALUES(1,1,1,246,'{"fast":23,"slow":30}','random',0,0,'completed',7.33333333333333281522e-01,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,2,1,193,'{"fast":18,"slow":40}','random',0,0,'completed',1.2333333333333331705e+00,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,3,1,235,'{"fast":22,"slow":30}','random',0,0,'completed',8.3333333333333337034e-01,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,4,1,49,'{"fast":5,"slow":35}','random',0,0,'completed',1.3,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,5,1,243,'{"fast":23,"slow":15}','random',0,1,'completed',2.33333333333333281522e-01,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,6,1,192,'{"fast":18,"slow":35}','random',0,2,'completed',1.4,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,7,1,315,'{"fast":29,"slow":45}','random',0,3,'completed',-3.33333333333332704206e-02,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,8,1,73,'{"fast":7,"slow":45}','random',0,4,'failed',NULL,0.0,'strategy error','{"reasons":["ValueError: fast is 7 (strategy.py:11)"]}');
INSERT INTO "trials" VALUES(1,9,1,309,'{"fast":29,"slow":15}','random',0,5,'completed',-3.6666666666666658525e-01,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,10,1,327,'{"fast":30,"slow":50}','random',0,6,'completed',-3.00000000000000044408e-01,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,11,1,218,'{"fast":20,"slow":55}','random',0,7,'completed',5.33333333333333325931e-01,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,12,1,197,'{"fast":18,"slow":60}','random',0,8,'completed',5.66666666666666540841e-01,0.2,NULL,'{"violations":[["Total Orders >= 5",0.2]]}');
INSERT INTO "trials" VALUES(1,13,1,226,'{"fast":21,"slow":40}','random',0,9,'failed',NULL,0.0,'strategy error','{"reasons":["ValueError: fast is 21 (strategy.py:11)"]}');
INSERT INTO "trials" VALUES(1,14,1,99,'{"fast":10,"slow":10}','random',0,10,'completed',9.66666666666666674068e-01,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,15,1,201,'{"fast":19,"slow":25}','random',0,11,'completed',9.6666666666666678509e-01,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,16,1,92,'{"fast":9,"slow":30}','random',0,12,'completed',1.5333333333333332149e+00,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,17,2,138,'{"fast":13,"slow":40}','random',0,0,'completed',1.7333333333333331705e+00,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,18,2,21,'{"fast":2,"slow":60}','random',0,0,'completed',1.66666666666666629659e-01,0.2,NULL,'{"violations":[["Total Orders >= 5",0.2]]}');
INSERT INTO "trials" VALUES(1,19,2,101,'{"fast":10,"slow":20}','random',0,0,'completed',1.3,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,20,2,136,'{"fast":13,"slow":30}','random',0,0,'completed',1.7333333333333331705e+00,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,21,2,273,'{"fast":25,"slow":55}','random',0,1,'completed',3.33333333333333259318e-02,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,22,2,163,'{"fast":15,"slow":55}','random',0,2,'completed',1.0333333333333332149e+00,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,23,2,216,'{"fast":20,"slow":45}','random',0,3,'completed',8.66666666666666696272e-01,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,24,2,35,'{"fast":4,"slow":20}','random',0,4,'completed',0.7,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,25,2,251,'{"fast":23,"slow":55}','random',0,5,'completed',2.33333333333333281522e-01,0.0,NULL,NULL);
INSERT INTO "trials" VALUES(1,26,2,179,'{"fast":17,"slow":25}','random',0,6,'proposed',NULL,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,27,2,74,'{"fast":7,"slow":50}','random',0,7,'proposed',NULL,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,28,2,32,'{"fast":3,"slow":60}','random',0,8,'proposed',NULL,NULL,NULL,NULL);
INSERT INTO "trials" VALUES(1,29,2,175,'{"fast":16,"slow":60}','random',0,9,'proposed',NULL,NULL,NULL,NULL);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX runs_of_plan ON runs(plan_hash);
CREATE INDEX trials_failed ON trials(search_id, failure) WHERE failure IS NOT NULL;
CREATE INDEX backtests_by_key ON backtests(substr(key, 1, 8));
CREATE INDEX events_of_run ON events(run_id);
CREATE UNIQUE INDEX stops ON events(search_id, number) WHERE kind = 'stop';
CREATE VIEW trials_ranked AS
SELECT
  runs.name AS run,
  row_number() OVER (
    PARTITION BY runs.name
    ORDER BY
      CASE WHEN violation > 0 THEN 1 WHEN fitness IS NOT NULL THEN 0 ELSE 2 END,
      CASE WHEN violation > 0 THEN violation WHEN direction = 'min' THEN fitness ELSE -fitness END,
      searches.number, trials.number
  ) AS rank,
  searches.number AS search,
  trials.number AS trial,
  stages.name AS stage,
  fitness, violation, trials.failure AS failure,
  parameters, statistics, origin, detail, message
FROM runs
JOIN searches ON searches.run_id = runs.id
JOIN trials ON trials.search_id = searches.id AND trials.state IN ('completed', 'failed')
JOIN stages ON stages.id = trials.stage_id
LEFT JOIN evaluations ON evaluations.search_id = trials.search_id
  AND evaluations.number = trials.number AND evaluations.ordinal = 0
LEFT JOIN backtests ON backtests.id = evaluations.backtest_id;
CREATE VIEW runs_summary AS
SELECT
  runs.name AS run, runs.state AS state, started_at, finished_at,
  count(searches.id) AS searches,
  coalesce(sum(told), 0) - coalesce(sum(failures), 0) AS completed,
  coalesce(sum(failures), 0) AS failed,
  coalesce(sum(withdrawn), 0) AS withdrawn,
  (SELECT CASE s.direction WHEN 'min' THEN min(fitness) ELSE max(fitness) END
    FROM searches AS s JOIN trials ON trials.search_id = s.id AND trials.number = s.best
    WHERE s.run_id = runs.id AND violation = 0) AS best_fitness
FROM runs
LEFT JOIN (
  SELECT *, (
    SELECT count(*) FROM trials WHERE search_id = searches.id AND failure IS NOT NULL
  ) AS failures
  FROM searches
) AS searches ON searches.run_id = runs.id
GROUP BY runs.id;
COMMIT;
