alter view web_sales alter column region set default 'de';
