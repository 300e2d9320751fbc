CREATE TABLE person (id bigint PRIMARY KEY, team_id bigint);
CREATE TABLE team (id bigint PRIMARY KEY, lead_id bigint REFERENCES person);
ALTER TABLE person ADD FOREIGN KEY (team_id) REFERENCES team;
