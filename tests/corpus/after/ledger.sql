grant usage on type ledger.cents, ledger.currency, ledger.money_of, ledger.positive, ledger.side, ledger.tags to auditor;
