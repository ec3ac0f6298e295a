create policy pp3 on part_document_satire as restrictive using (dlevel < 2);
