create collation natural_sort (provider = icu, locale = 'en-u-kn-true');
create collation case_blind (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
create collation "de sort" (provider = icu, locale = 'de-u-co-phonebk');
comment on collation natural_sort is '2 before 10';
