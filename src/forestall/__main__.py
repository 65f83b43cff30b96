from forestall.cli import main

raise SystemExit(main())
