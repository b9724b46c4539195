-- The two statements of the application; :incident is the table.
PREPARE open_incident AS
INSERT INTO :incident (number, opened_at, incident_state, sys_updated_at, priority, contact_type, category,
    assignment_group, assigned_to, caller_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);

PREPARE change_incident AS
UPDATE :incident SET incident_state = $2, sys_updated_at = $3, priority = $4, contact_type = $5, category = $6,
    assignment_group = $7, assigned_to = $8, caller_id = $9
WHERE number = $1;
