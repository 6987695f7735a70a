-- Deletes the cost_items of one project. Its tombstone hides them already. Parameters: org_id, project_id.
DELETE FROM cost_items WHERE org_id = {org_id:UUID} AND project_id = {project_id:UUID}
