ALTER TYPE state ADD VALUE 'sent' AFTER 'open';
